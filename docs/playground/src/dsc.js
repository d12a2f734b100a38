// The colours of a description. What words mean is the server's matter; this
// knows headers, comments, names and kinds of values by their first letter.
import { StreamLanguage, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

const language = StreamLanguage.define({
  name: 'inscribe',
  startState: () => ({ value: false }),
  token(stream, state) {
    if (stream.sol()) {
      state.value = false;
      if (stream.match(/^\s*#.*/)) return 'comment';
      if (stream.match(/^\s*\[[^\]]*\].*/)) return 'heading';
      if (stream.match(/^[^=]+(?==)/)) return 'propertyName';
    }
    if (!state.value && stream.eat('=')) {
      state.value = true;
      return 'operator';
    }
    if (!state.value) {
      stream.skipToEnd();
      return 'invalid';
    }
    if (stream.match(/^(#|").*/)) return 'string';
    if (stream.match(/^!\w+/)) return 'keyword';
    if (stream.match(/^!?\{[^}]*\}/)) return 'variableName';
    if (stream.match(/^(true|false)\b/i)) return 'bool';
    if (stream.match(/^\d+\b/)) return 'number';
    if (stream.match(/^[\w.-]+/)) return 'variableName';
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '#' } },
});

const style = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
  { tag: tags.heading, color: 'var(--open)', fontWeight: '650' },
  { tag: tags.propertyName, color: 'var(--ink)' },
  { tag: tags.operator, color: 'var(--dim)' },
  { tag: tags.string, color: 'var(--new)' },
  { tag: tags.keyword, color: 'var(--gone)' },
  { tag: [tags.bool, tags.number], color: 'var(--changed)' },
  { tag: tags.variableName, color: 'var(--blue)' },
  { tag: tags.invalid, color: 'var(--gone)' },
]);

export const dsc = [language, syntaxHighlighting(style)];
