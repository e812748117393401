import Type from 'typebox'

/** What scenarios and snapshots may be called: what is the name of a file anywhere, and leads out of no folder. */
export const NameParams = Type.Object({ name: Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' }) })
