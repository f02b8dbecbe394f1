import type { Promises } from './promises-table.ts'

/**
 * What Plantain promises and tests, in the words of docs/reliability.md, by number. Titles of tests, entries of test/sabotage/ and
 * measured figures name the number; the page is put together from them. The letters: M money, R availability, P resources,
 * S addresses that strangers give, X access.
 */
export const PROMISES: Promises = {
  money: {
    M1: 'Nobody spends more than he has. 200 calls at once against a balance, or a key’s limit, that covers 50: 50 succeed and 150 get 402, with one process and with three.',
    M2: 'Prices, counts, fallbacks, cancellations, top-ups, repeats and crashes, mixed by a seed in any order, leave the books equal to a small model of them after each step.',
    M3: 'The gateway may be killed at any moment. After the next start no hold is left open, nothing is charged twice, and no charge that a caller had seen is gone. A picture that had arrived whole is adopted, charged and can be fetched; a provider that can be asked about a call is asked; any other call that had left is free for the caller and the operator’s loss.',
    M4: 'The PostgreSQL server, or the process that holds the SQLite file, may be killed as well: nothing that was acknowledged is lost, and service is back within 30 s without anybody’s help.',
    M6: 'Every moment at which a crash could matter has a name, and the crash tests have been there.',
    M7: '100 calls with one `Idempotency-Key` are one call upstream, one charge and 100 equal answers, on three processes too, and when the one at work is killed.',
    M8: 'A key stands for one request. Another body gets 422; what was refused with 400, 402 or 429 runs once it is mended; 24 h after its end the key is new.',
    M12: 'A caller may hang up at any point: the books come out the same, the picture stays to be fetched, and a call is taken back only where its provider does that for free.',
    M13: 'For every way in which a provider can fail there is a line in one table: how many calls are made, what is charged, what is lost. The bill of the simulated provider agrees.',
    M17: 'History is append-only. The database itself refuses to change or delete what was posted.',
    M18: 'A charge uses the prices that stood when its hold was made.',
  },
  availability: {
    R1: 'Of three routes one fails, in whatever way: at least 99.5 % of calls succeed. A call takes one connect timeout longer at most until the breaker opens, 50 ms after that.',
    R2: 'A provider that hangs is left within a second of the deadline, its socket closed, the hold resolved.',
    R3: 'A picture that drips in byte by byte is given up 25 s after its first byte at the latest, and booked as paid for and not delivered.',
    R4: 'An answer that is cut off, no JSON, of the wrong type or a page of HTML is never a success for the caller: 502, with the provider’s name and the request id.',
    R5: 'An answer beyond the size limit, or of another length than it claims, is cut off, and leaves nothing in memory.',
    R6: 'A provider’s redirect is not followed, and no host but its own gets to see its credential.',
    R7: 'While the database restarts, a call is told 503 and when to come back, or it is late; it is never told 401, and never gets a picture for nothing. 10 s after the database is back all is well.',
    R10: 'With a picture disk that is full, read-only or broken, new work is refused before anything is sent. Work in flight is delivered or free, no half file stays, and it clears without a restart.',
    R12: 'A picture’s file is synced, renamed and its directory synced before it is charged.',
    R13: 'A gateway that is asked to stop says at once that it is not ready, takes nothing new, and finishes what is in flight without a reset.',
    R14: 'One process owns a data directory. A second one is told the first one’s process id; after a kill the next start succeeds at once.',
    R19: 'Every failure says who has to act, whether to repeat the request, and which request it was.',
  },
  resources: {
    P1: 'A picture’s base64 is never one JavaScript string. The heap grows by 2 MiB at most for each picture in flight, whatever its size.',
    P2: '100 answers of 30 MB at once: resident memory at most 512 MiB above idle, event-loop delay p99 at most 50 ms.',
    P6: 'Time limits, header sizes, numbers of connections and requests, and the strict parser are set as promised, and asserted.',
    P7: 'JSON is limited in bytes, depth, nodes and text, and what was made to hurt is refused in milliseconds.',
    P8: 'Strangers’ pictures are decoded in a process of their own, with an empty environment, watched memory and little time. It may crash: the request gets 422, the gateway goes on.',
  },
  addresses: {
    S1: 'One guarded connector makes every connection to an address that a caller had a say in. A matrix of hostile addresses, each as it is and as the target of five kinds of redirect, makes none to a forbidden place.',
    S2: 'A URL is parsed once; credentials, odd ports, odd schemes and names of private networks are refused.',
    S3: 'All addresses of a name have to be allowed, the connection goes to the very address that was checked, and its other end is looked at again. Three redirects at most, each judged anew, none from https to http.',
    S4: 'Only public addresses are allowed, of either family and in whatever spelling.',
    S5: 'What is fetched is limited in time, bytes, headers and number, is not encoded, and is what it says it is.',
    S6: 'Refusals read alike and take equally long, so that nobody maps a network with them.',
    S7: 'An operator opens private ranges one by one; metadata services stay closed whatever he opens.',
  },
  access: {
    X1: 'Keys are 256 random bits, stored as a hash, and shown once.',
    X6: 'Every route says who may use it, and one that does not cannot be registered.',
    X7: 'What one workspace has, another cannot see, change, fetch, continue or time. Foreign and absent get the same 404.',
    X8: 'Two requests count as the same only when tenant, model version, every parameter and every picture are.',
    X16: 'Requests that two parsers could read in two ways are answered with 400 and end the connection.',
    X17: 'Names that reach into prototypes, and names given twice, are refused wherever they stand.',
    X19: '10,000 odd Authorization headers are refused without asking the database.',
    X20: 'The log is made of fields that are allowed to be there. Prompts, pictures and keys are not.',
  },
}
