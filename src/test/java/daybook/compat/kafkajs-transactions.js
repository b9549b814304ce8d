// The check of transactions that TransactionProgramChecks runs: node kafkajs-transactions.js MODULES ADDRESS
// INPUT OUTPUT. The topics are there; INPUT holds 100 messages in partition 0, "0" to "99". A check that
// fails throws.
const assert = require('assert')

const [modules, address, input, output] = process.argv.slice(2)
const { Kafka, logLevel } = require(`${modules}/kafkajs`)
const kafka = new Kafka({
  clientId: 'compat', brokers: [address], logLevel: logLevel.NOTHING,
  connectionTimeout: 10000, retry: { retries: 10 },
})
const limitMs = 90000
const groupId = output

async function until(what, condition) {
  const limit = Date.now() + limitMs
  while (!(await condition())) {
    assert(Date.now() < limit, `not so after ${limitMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function connected(client, run) {
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.disconnect()
  }
}

const makeProducer = () => kafka.producer({
  transactionalId: output, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 60000,
})

const offset = admin => admin.fetchOffsets({ groupId, topics: [input] })
  .then(([{ partitions }]) => partitions.find(each => each.partition === 0).offset)

// All values of INPUT, ten in a transaction with the offset behind them; every third attempt is aborted.
async function copy(producer) {
  let attempt = 0
  for (let first = 0; first < 100;) {
    const transaction = await producer.transaction()
    const messages = []
    for (let number = first; number < first + 10; number++) {
      messages.push({ value: `${number}`, partition: number % 2 })
    }
    await transaction.send({ topic: output, messages })
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [
      { topic: input, partitions: [{ partition: 0, offset: `${first + 10}` }] },
    ] })
    if (++attempt % 3 === 0) {
      await transaction.abort()
    } else {
      await transaction.commit()
      first += 10
    }
  }
}

// What members of a group are given, of committed messages or of all, until there are so many.
async function read(readUncommitted, count) {
  const values = [[], []]
  const consumer = kafka.consumer({ groupId: `${output}-${readUncommitted}`, readUncommitted,
    maxWaitTimeInMs: 100, heartbeatInterval: 300 })
  await connected(consumer, async () => {
    await consumer.subscribe({ topic: output, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ partition, message }) => {
      values[partition].push(Number(message.value.toString()))
    } })
    await until('all is given', () => values[0].length + values[1].length >= count)
  })
  return values
}

async function run() {
  const first = makeProducer()
  await first.connect()
  await copy(first)
  await connected(kafka.admin(), admin => until('the offset is committed', async () =>
    await offset(admin) === '100'))
  // A second one with the same name fences the first and aborts what it has open.
  const left = await first.transaction()
  await left.send({ topic: output, messages: [{ value: '-1', partition: 0 }] })
  await connected(makeProducer(), async second => {
    const transaction = await second.transaction()
    await transaction.send({ topic: output, messages: [{ value: '100', partition: 0 }] })
    await transaction.commit()
    await assert.rejects(left.commit(), failure => ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'].includes(
      failure.type || failure.originalError.type))
  })
  await first.disconnect()
  const numbers = rest => Array.from({ length: 50 }, (none, number) => 2 * number + rest)
  assert.deepStrictEqual(await read(false, 101), [[...numbers(0), 100], numbers(1)])
  const all = await read(true, 142)
  assert.strictEqual(all[0].length + all[1].length, 142)
  assert(all[0].includes(-1))
}

run().then(() => process.exit(0), failure => {
  console.error(failure)
  process.exit(1)
})
