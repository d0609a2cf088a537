/** Why a row is left out of an export. */
export const exportReasons = {
  'empty-text': 'The text is empty.',
  'empty-prompt': 'Nothing is asked before the answer.',
  'empty-completion': 'The answer is empty, and calls no tool.',
  'no-final-answer': 'The last turn is none of an assistant, so that nothing is learnt from it.',
  'nothing-trained': 'The answers have weight 0, so that nothing is learnt from them.',
  'equal-sides': 'Chosen and rejected are the same.',
  'several-turns': 'The answer is of several turns, and the format holds one.',
  'multi-turn': 'The prompt is of several turns, and the format holds one question.',
  'not-alternating': 'Turns of user and assistant do not alternate, as the format needs.',
  'tool-calls': 'Tools are called, which the format cannot hold.',
  'text-beside-call': 'One turn both speaks and calls a tool, which the format cannot hold.',
  'think-mark': 'The reasoning holds `</think>`, so that nobody could tell where it ends.',
  'no-reference': 'Neither a reference nor a verifier says which answer is right.',
  'no-steps': 'The row is none of a prompt, completions and a label for each.',
  'too-long': 'It is longer than the context, and was dropped or could not be cut.',
  exam: 'An exam is what a model is measured by; training on it spoils it.',
  'no-type': 'The target has no form for rows of this kind; some have one that is asked for with --type.',
} as const
export type Reason = keyof typeof exportReasons
