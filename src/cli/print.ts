/** Resolves when the text is out; a reader that goes away early ends nothing. */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      process.stdout.off('error', done);
      resolve();
    };
    process.stdout.once('error', done);
    process.stdout.write(text, done);
  });
}
