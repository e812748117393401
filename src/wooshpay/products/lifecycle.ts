import { toWireTime } from '../../core/clock.ts'
import { inSchemaOrder, mergeMetadata, toFlag, toMetadata } from '../wire.ts'
import { Product, type ProductParameters, type UpdateParameters } from './schema.ts'

/** @param now epoch milliseconds */
export function create ({ active = true, ...parameters }: ProductParameters, id: string, now: number): Product {
  return inSchemaOrder(Product, {
    ...parameters,
    id,
    object: 'product',
    created: toWireTime(now),
    livemode: false,
    active: toFlag(active),
    metadata: toMetadata(parameters.metadata),
    updated: toWireTime(now)
  })
}

/** Changes what is given and leaves the rest. */
export function update (product: Product, { active = product.active, metadata, ...parameters }: UpdateParameters, now: number): Product {
  return inSchemaOrder(Product, {
    ...product,
    ...parameters,
    active: toFlag(active),
    metadata: mergeMetadata(product.metadata, metadata),
    updated: toWireTime(now)
  })
}
