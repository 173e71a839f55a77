import { expect, test } from 'vitest';
import { shownTitle } from '../src/disclosure/title.ts';

test.each([
  ['Fix the login page, please!', 'Fix the login page, please!'],
  ['use [REDACTED] here', 'use [REDACTED] here'],
  ['‹text:5000›', '‹text:5000›'],
  ['deploy NK0pHITaTAx6CU4W3UfaPDDEs now', 'deploy ‹text:25› now'],
  ['%57%50%4C%5F%41', '‹text:15›'],
  ['ada:v#Sc6Qoyt_HqF+U.', '‹text:20›'],
  ['call 1234 or 123456', 'call 1234 or ‹digits:6›'],
  ['MTMuNTUuMjAxLjQy', '‹word:16›'],
])('of the title %s is shown %s', (title, shown) => {
  expect(shownTitle(title)).toBe(shown);
});
