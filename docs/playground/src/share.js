// A description in the fragment of the URL. A fragment is not sent to anybody
// when a page is loaded.
import { base64url, unbase64url, through } from './bytes.js';

const version = '#1.';

/** The most that a fragment may unpack to, as much as the server checks. */
const most = 1 << 20;

/** The fragment for a description and a profile. */
export async function pack(text, profile) {
  const raw = new TextEncoder().encode(JSON.stringify({ text, profile }));
  return version + base64url(await through(new CompressionStream('deflate-raw'), raw));
}

/** What a fragment holds, or null where there is none; throws where it is broken. */
export async function unpack(fragment) {
  if (!fragment || fragment === '#') return null;
  if (!fragment.startsWith(version)) throw new Error('it was made by another version of this page');
  let raw, held;
  try {
    raw = await through(new DecompressionStream('deflate-raw'), unbase64url(fragment.slice(version.length)));
    if (raw.length <= most) held = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch { // each step has words of its own for it
    throw new Error('it is damaged');
  }
  if (raw.length > most) throw new Error('it is too long');
  const { text, profile } = held ?? {};
  if (typeof text !== 'string' || typeof profile !== 'string') throw new Error('it is no description');
  return { text, profile };
}
