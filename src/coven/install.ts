/**
 * The packages that hold Coven's native program, by platform and processor; on no other does Coven run. Source: the
 * script of @opencoven/cli 0.4.6.
 */
export const nativePackages: Readonly<Record<string, string>> = {
  'darwin-arm64': '@opencoven/cli-macos',
  'darwin-x64': '@opencoven/cli-macos-x64',
  'linux-x64': '@opencoven/cli-linux-x64',
};

/** Why a program that is there cannot be run. */
export const cannotRun: Readonly<Record<string, string>> = {
  dangling: 'it is a link to a file that is gone',
  'no-native': 'its npm package came without the native program, which npm installs as an optional dependency',
  'native-mode': 'the native program of its npm package has a mode that lets nobody execute it',
  'cut-off': 'its file ends before the program does, as after an installation that was cut off',
  'no-node': 'it is a script of Node, and no node is on PATH',
  'no-interpreter': 'it is a script, and the program that its first line names is not there',
  'windows-lines':
    'its lines end as on Windows: the carriage return is a part of the name of the program that its first line asks for, as `/bin/sh\\r`, and no such program is there',
  architecture: 'it is built for another processor',
  'no-loader': 'the loader that it asks for is not there; it is built for another C library',
  'old-glibc': 'it needs a newer glibc than this system has',
  'no-doctor': 'it is a launcher of coven-doctor, which is no longer where it was installed',
  empty: 'its file is empty: a shell runs nothing of it, and every session of it ends at once as completed',
  'no-program': 'its file is neither a program of this system nor a script',
  'starts-nothing': 'it is a script that starts a program which is not there',
  noexec: 'its file system is mounted noexec',
  denied: 'the kernel refuses to execute it for you',
  mode: 'its mode lets nobody execute it, and Coven passes over it',
};
