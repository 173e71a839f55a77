/** Resolves when the text is out; a reader that goes away early ends nothing. */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    process.stdout.once('error', () => resolve());
    process.stdout.write(text, () => resolve());
  });
}
