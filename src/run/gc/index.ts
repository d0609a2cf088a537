/** What no recipe of a workspace needs any more, and its removal. */
export { findNeeded, type Kept, type Needed } from './needed.ts'
export { findWaste, removeWaste, sumOf, type Waste, type WasteKind, wasteKinds } from './waste.ts'
