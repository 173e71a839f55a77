/**
 * The packages that hold Coven's native program, by platform and processor; on no other does Coven run. Source: the
 * script of @opencoven/cli 0.4.6.
 */
export const nativePackages: Readonly<Record<string, string>> = {
  'darwin-arm64': '@opencoven/cli-macos',
  'darwin-x64': '@opencoven/cli-macos-x64',
  'linux-x64': '@opencoven/cli-linux-x64',
};
