/** Why an input, or a row of one, was not read. */
export const sourceReasons = {
  'empty-file': 'The file holds no text or no rows.',
  'too-large': 'A file that is one document is larger than the bound.',
  binary: 'The file holds binary data where text was expected.',
  'invalid-utf8': 'The bytes are no valid text in the encoding of the file.',
  'unknown-format': 'No reader takes a file of this ending, or its bytes are of another form than its ending says.',
  encrypted: 'The file is protected by a password or by rights management; save a copy without.',
  'too-costly': 'Reading the file took more memory or processor time than a file of its size may.',
  'too-deep': 'Archives lie inside archives deeper than the limit.',
  'over-limit': 'The archive unpacks to more bytes or members than the limit; what came before is read.',
  'unsafe-path': 'The member of the archive is a link or a device, or its path leads out of the archive.',
  'not-text': 'There is nothing in it to read: pages that are pictures, a recording, an answer without a body.',
  generated: 'A program wrote the file, as it says at its top, or it is a lock file or a source map.',
  minified: 'The program is squeezed into lines that nobody reads.',
  vendored:
    'The program lies in a folder of what others wrote or what was built, such as vendor, dist or target; name the folder to read it.',
  'line-too-long':
    'A line, an element of a JSON array or one row of a table is longer than the bound; it was not kept in memory.',
  'invalid-json': 'The line or element is no JSON value, or the array around it is broken.',
  'invalid-csv': 'A quote opens and never closes, so that the rest of the file cannot be split into rows.',
  'ragged-row': 'The row has another number of fields than the header.',
  'missing-column': 'The row lacks a column that the kind or the source needs.',
  'wrong-shape': 'The columns are there, and their values have another form than the kind needs.',
  'no-teacher':
    'A model wrote the answer, and its terms are not known: name it with `teacher: <provider>/<model>` at the source.',
  'duplicate-id': 'The value of the id column occurred before in this file.',
  erased: 'It was erased on request, and is kept out of all that is read.',
  disallowed: 'The robots.txt of the site keeps programs from this page, or could not be asked.',
  reserved: 'The site or the page reserves text and data mining, or the training of models.',
  unreachable: 'The server gave no answer, or failed; the next run asks again.',
  'not-found': 'The server has no such page.',
  damaged: 'The compressed file, Parquet file or database cannot be decoded from here on.',
} as const
export type SourceReason = keyof typeof sourceReasons
