import { sql } from 'kysely'

import type { Migration } from '../migration.ts'

/** Every table of the first release. The meaning of the columns stands in ../schema.ts. */
export const initial: Migration = {
  number: 1,
  name: 'initial',
  async up(trx, engine) {
    const sqlite = engine === 'sqlite'
    const int = sqlite ? 'integer' : 'bigint'
    const bytes = sqlite ? 'blob' : 'bytea'
    // Strict: SQLite would otherwise keep a fraction or a text in a money column. Tables that are looked up by their key alone
    // are stored in it.
    const rows = sqlite ? 'strict' : ''
    const keyed = sqlite ? 'strict, without rowid' : ''

    for (const statement of [
      `create table workspaces (
        id text primary key,
        name text not null,
        is_default ${int} not null,
        created_at ${int} not null
      ) ${rows}`,
      'create unique index workspaces_default on workspaces (is_default) where is_default = 1',

      `create table api_keys (
        hash text primary key,
        workspace_id text not null references workspaces (id),
        name text not null,
        label text not null,
        mode text not null check (mode in ('live', 'test', 'admin')),
        disabled ${int} not null,
        deleted_at ${int},
        limit_nanos ${int} check (limit_nanos >= 0),
        limit_reset text check (limit_reset in ('daily', 'weekly', 'monthly')),
        expires_at ${int},
        created_at ${int} not null,
        updated_at ${int}
      ) ${rows}`,
      'create index api_keys_by_age on api_keys (created_at, hash)',

      `create table key_spend (
        key_hash text not null,
        "window" text not null,
        held_nanos ${int} not null,
        settled_nanos ${int} not null,
        primary key (key_hash, "window")
      ) ${keyed}`,

      `create table balances (
        account text primary key,
        balance_nanos ${int} not null
      ) ${keyed}`,

      `create table transactions (
        id text primary key,
        kind text not null,
        idempotency_key text not null unique,
        generation_id text,
        created_at ${int} not null
      ) ${keyed}`,

      `create table postings (
        id text not null,
        transaction_id text not null references transactions (id),
        account text not null,
        amount_nanos ${int} not null,
        primary key (transaction_id, id)
      ) ${keyed}`,

      `create table holds (
        generation_id text primary key,
        workspace_id text not null,
        mode text not null check (mode in ('live', 'test')),
        key_hash text not null,
        amount_nanos ${int} not null check (amount_nanos >= 0),
        funded_by text not null check (funded_by in ('balance', 'operator')),
        state text not null check (state in ('pending', 'posted', 'voided')),
        charge_nanos ${int} check (charge_nanos between 0 and amount_nanos),
        pricing text not null,
        created_at ${int} not null,
        resolved_at ${int}
      ) ${keyed}`,

      `create table generations (
        id text primary key,
        workspace_id text not null,
        mode text not null,
        key_hash text not null,
        status text not null,
        owner text not null,
        lease_until ${int} not null,
        deadline_at ${int} not null,
        surface text not null,
        streamed ${int} not null,
        model_requested text not null,
        model_served text not null,
        provider text,
        request text,
        references_count ${int} not null,
        caller text not null,
        terms text not null,
        progress text,
        cancel_asked ${int} not null,
        receipt text,
        failure text,
        usage text,
        "text" text,
        native_finish_reason text,
        created_at ${int} not null,
        finished_at ${int}
      ) ${rows}`,
      'create index generations_by_workspace on generations (workspace_id, mode, created_at, id)',
      "create index generations_unfinished on generations (lease_until) where status in ('held', 'running', 'stored')",

      `create table attempts (
        id text not null,
        generation_id text not null references generations (id),
        n ${int} not null,
        provider text not null,
        model text not null,
        credential ${int} not null,
        why text not null,
        state text not null,
        status ${int},
        upstream_id text,
        cost_nanos ${int},
        error text,
        sent_at ${int} not null,
        finished_at ${int},
        ms ${int},
        primary key (generation_id, n)
      ) ${keyed}`,

      `create table assets (
        sha256 text primary key,
        media_type text not null,
        width ${int} not null,
        height ${int} not null,
        bytes ${int} not null,
        "inline" ${bytes},
        created_at ${int} not null
      ) ${rows}`,

      `create table generation_images (
        generation_id text not null,
        role text not null check (role in ('output', 'original', 'reference')),
        position ${int} not null,
        sha256 text not null references assets (sha256),
        converted_from text,
        created_at ${int} not null,
        expires_at ${int} not null,
        primary key (generation_id, role, position)
      ) ${keyed}`,
      'create index generation_images_of_asset on generation_images (sha256)',
      'create index generation_images_expiring on generation_images (expires_at)',

      `create table continuations (
        workspace_id text not null,
        mode text not null,
        model text not null,
        sha256 text not null,
        token text not null,
        expires_at ${int} not null,
        primary key (workspace_id, mode, model, sha256)
      ) ${rows}`,
      'create index continuations_expiring on continuations (expires_at)',

      `create table idempotency_keys (
        workspace_id text not null,
        mode text not null check (mode in ('live', 'test')),
        scope text not null,
        key text not null,
        fingerprint text not null,
        generation_id text not null unique,
        created_at ${int} not null,
        expires_at ${int},
        primary key (workspace_id, mode, scope, key)
      ) ${keyed}`,
      'create index idempotency_keys_expiring on idempotency_keys (expires_at)',

      `create table settings (
        name text primary key,
        value text not null
      ) ${rows}`,

      ...(sqlite ? sqliteImmutable('transactions') : postgresImmutable('transactions')),
      ...(sqlite ? sqliteImmutable('postings') : postgresImmutable('postings')),
    ]) {
      await sql.raw(statement).execute(trx)
    }
  },
}

function sqliteImmutable(table: string): string[] {
  return ['update', 'delete'].map(
    (change) =>
      `create trigger ${table}_no_${change} before ${change} on ${table}
       begin select raise(abort, '${table} are append-only'); end`,
  )
}

function postgresImmutable(table: string): string[] {
  return [
    `create function refuse_change_of_${table}() returns trigger language plpgsql as
     $$ begin raise exception '${table} are append-only'; end $$`,
    `create trigger ${table}_no_change before update or delete or truncate on ${table}
     for each statement execute function refuse_change_of_${table}()`,
  ]
}
