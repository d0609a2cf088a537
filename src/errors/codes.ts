/** Exit codes of every command. */
export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  blocked: 3,
  budget: 4,
  yield: 5,
  interrupted: 130,
} as const

/** Every code a user can meet: what it means and how the command ends. `docs/errors.md` is generated from it. */
export const codes = {
  SR_RECIPE_YAML: { exit: 2, about: 'The recipe is not valid YAML.' },
  SR_RECIPE_KEY: { exit: 2, about: 'A key that the recipe language does not know.' },
  SR_RECIPE_VALUE: { exit: 2, about: 'A value of the wrong type or outside its range.' },
  SR_RECIPE_REFERENCE: { exit: 2, about: 'A name of a source, step or teacher that does not exist.' },
  SR_RECIPE_KIND: { exit: 2, about: 'A step is fed with a kind of record that it does not take.' },
  SR_RECIPE_CONFLICT: { exit: 2, about: 'Two settings that cannot hold together.' },
  SR_RECIPE_PRICE: { exit: 2, about: 'A dollar budget needs a price for every teacher.' },
  SR_RECIPE_MISSING: { exit: 2, about: 'The recipe file does not exist.' },
  SR_STEP_MODULE: { exit: 2, about: "A user's own step cannot be loaded or does not follow the contract." },
  SR_TEACHER_MODULE: { exit: 2, about: 'The module of a teacher cannot be loaded, or gives no model or another one.' },
  SR_USAGE: { exit: 2, about: 'A command line that cannot be understood.' },
  SR_KEY_MISSING: { exit: 2, about: 'The environment variable that holds an API key is not set.' },
  SR_RELEASE_EXISTS: { exit: 2, about: 'A release is immutable, and this version exists with other content.' },
  SR_SOURCE_EMPTY: { exit: 2, about: 'A source matches no file, or none of its rows can be used.' },
  SR_SOURCE_READ: { exit: 1, about: 'A source file could not be read.' },
  SR_UNION_CONFLICT: { exit: 1, about: 'The same record id arrives on two branches with different content.' },
  SR_STEP_FAILED: { exit: 1, about: "A step's code threw an error." },
  SR_STEP_OUTCOME: { exit: 1, about: 'A step returned something its declaration does not allow.' },
  SR_TEACHER_DOWN: { exit: 1, about: 'A teacher stayed unreachable; everything received so far is kept.' },
  SR_TEACHER_REJECTS: { exit: 1, about: 'A teacher refuses the requests themselves (key, model or parameters).' },
  SR_DISK_FULL: { exit: 1, about: 'The disk is full; the run can be resumed after making room.' },
  SR_LOCKED: { exit: 1, about: 'Another process works in this workspace.' },
  SR_WORKSPACE: { exit: 1, about: 'The workspace is damaged or was written by another version.' },
  SR_VERIFY: { exit: 1, about: 'A release does not match its manifest.' },
  SR_NOT_FOUND: { exit: 1, about: 'There is no such record, run or release.' },
  SR_BETWEEN_ROUNDS: { exit: 1, about: 'What is done between two rounds failed; the rounds can be resumed.' },
  SR_INTERNAL: { exit: 1, about: 'A mistake in stillroom itself.' },
  SR_TERMS: { exit: 3, about: "A teacher's terms do not allow this use, or nobody has accepted them." },
  SR_GATE: { exit: 3, about: 'A gate blocks the release.' },
  SR_BUDGET: { exit: 4, about: 'The budget is reached; the run can be resumed with a larger one.' },
  SR_YIELD: { exit: 5, about: 'A step left nothing, or less than the floor.' },
  SR_DRIFT: { exit: 5, about: 'A signal of drift passed its bound, so that no further round began.' },
  SR_INTERRUPTED: { exit: 130, about: 'Interrupted; the run can be resumed.' },
} as const satisfies Record<string, { exit: number; about: string }>

export type Code = keyof typeof codes
