/** Classes of licenses, from what may be passed on freely to what nobody knows. */
export const licenseClasses = [
  'free',
  'attribution',
  'share-alike',
  'non-commercial',
  'no-derivatives',
  'proprietary',
  'unknown',
] as const
export type LicenseClass = (typeof licenseClasses)[number]
