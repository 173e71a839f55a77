import { readStory } from '../coven/story.ts';
import { secretsOf } from '../redaction/environment.ts';
import { makeRedactor, type Redactor } from '../redaction/redactor.ts';
import { isIdentifier } from '../redaction/templates/catalogue.ts';
import { knownParts } from '../redaction/templates/message.ts';
import { makePaths } from '../redaction/templates/paths.ts';
import { placeholder } from '../redaction/templates/placeholders.ts';
import type { Environment, TextRequest } from './texts.ts';

/** Of the environment that was given last: every request of a run brings the same. */
let made: { readonly of: string; readonly redactor: Redactor } | undefined;

function withoutSecrets(text: string, env: Environment): string {
  const of = JSON.stringify(env);
  if (made?.of !== of) made = { of, redactor: makeRedactor({ knownValues: secretsOf(env) }) };
  return made.redactor.redact(text).text;
}

/** Reads a text of others, in a process that can be ended. */
export function readText(request: TextRequest): unknown {
  switch (request.do) {
    case 'story':
      return readStory(request.text);
    case 'redact':
      return withoutSecrets(request.text, request.env);
    case 'free-text': {
      const id = (text: string): string => text;
      const { path } = makePaths(placeholder, id);
      const word = (text: string): string => (isIdentifier(text) ? text : placeholder(text));
      return knownParts(withoutSecrets(request.text, request.env), { path, id, word, other: placeholder });
    }
  }
}
