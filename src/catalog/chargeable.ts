import { fail, type Failure } from '../core/errors.ts'
import type { Mode, Warning } from '../core/receipt.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Model } from './model.ts'

/**
 * Whether a model's price may be charged, and what has to be said about it: a live price of medium confidence is warned about, a lower
 * one refused; without any price neither mode is served. For a route's own price, give it the model as that route sells it.
 */
export function chargeable({ id, pricing }: Model, mode: Mode): Result<readonly Warning[], Failure> {
  const { basis, confidence, note } = pricing
  const because = note === undefined ? '' : ` ${note}`
  const remedy = `The operator can set or confirm it in PLANTAIN_CATALOG: {"id": "${id}", ${basis === 'unpriced' ? '"pricing": …' : '"confirmed": true'}}.`
  if (basis === 'unpriced') {
    const message = `${id} has no known list price, so nothing can be charged for it.${because} ${remedy}`
    return err(fail('price_unconfirmed', message, { field: 'model' }))
  }
  if (mode === 'live' && confidence === 'low') {
    const message = `The price of ${id} is not certain enough to charge live traffic by.${because} ${remedy}`
    return err(fail('price_unconfirmed', message, { field: 'model' }))
  }
  if (confidence === 'high') return ok([])
  const refused = confidence === 'low' ? ' Live keys are refused until it is confirmed.' : ''
  const message = `The price of ${id} comes from few or undated sources.${because}${refused} ${remedy}`
  return ok([{ code: 'price_unconfirmed', field: 'model', message }])
}
