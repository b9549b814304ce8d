// The checks that KafkajsChecks runs: node kafkajs.js MODULES ADDRESS SAMPLE CHECK. A check that fails
// throws. kafkajs consumes only in groups, so what was produced is read back with its Broker class, a Fetch
// at a time.
const assert = require('assert')
const fs = require('fs')

const [modules, address, sampleFile, check] = process.argv.slice(2)
const { Kafka, CompressionTypes, ConfigResourceTypes, logLevel } = require(`${modules}/kafkajs`)
const kafka = new Kafka({
  clientId: 'compat', brokers: [address], logLevel: logLevel.NOTHING,
  connectionTimeout: 10000, retry: { retries: 5 },
})
const start = Date.now() - 3600000
const lines = fs.readFileSync(sampleFile, 'utf8').split('\n').slice(0, 10000)

async function withAdmin(run) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await run(admin)
  } finally {
    await admin.disconnect()
  }
}

async function withProducer(options, run) {
  const producer = kafka.producer(options)
  await producer.connect()
  try {
    return await run(producer)
  } finally {
    await producer.disconnect()
  }
}

// Everything in partition 0 of a topic: kafkajs's own cluster, found by the one symbol that makes it.
async function readAll(topic, count) {
  const symbols = [kafka, Kafka.prototype].flatMap(owner => Object.getOwnPropertySymbols(owner))
  const makeCluster = symbols.find(symbol => String(symbol).includes('createCluster'))
  const cluster = kafka[makeCluster]({ metadataMaxAge: 300000, allowAutoTopicCreation: false })
  await cluster.connect()
  try {
    await cluster.addTargetTopic(topic)
    const broker = await cluster.findBroker({ nodeId: '1' })
    const messages = []
    while (messages.length < count) {
      const answer = await broker.fetch({
        isolationLevel: 1, maxWaitTime: 1000, minBytes: 1, maxBytes: 1 << 20,
        topics: [{ topic, partitions: [{ partition: 0, fetchOffset: messages.length, maxBytes: 1 << 17 }] }],
      })
      const partition = answer.responses[0].partitions[0]
      assert.strictEqual(partition.errorCode, 0)
      const fresh = partition.messages.filter(message => Number(message.offset) >= messages.length)
      assert(fresh.length > 0, `nothing comes after ${messages.length} messages`)
      messages.push(...fresh)
    }
    messages.forEach((message, offset) => assert.strictEqual(Number(message.offset), offset))
    return messages
  } finally {
    await cluster.disconnect()
  }
}

const checks = {
  async admin() {
    await withAdmin(async admin => {
      const cluster = await admin.describeCluster()
      assert.strictEqual(cluster.brokers.length, 1)
      assert.strictEqual(`${cluster.brokers[0].host}:${cluster.brokers[0].port}`, address)
      const topic = 'kafkajs-admin'
      assert(await admin.createTopics({ topics: [{ topic, numPartitions: 2,
        configEntries: [{ name: 'retention.ms', value: '99999' }] }] }))
      assert((await admin.listTopics()).includes(topic))
      assert.strictEqual(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }), false)
      await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
      const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
      assert.strictEqual(metadata.topics[0].partitions.length, 3)
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
      await admin.alterConfigs({ validateOnly: false,
        resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '88888' }] }] })
      const configs = await admin.describeConfigs({ includeSynonyms: false,
        resources: [{ ...resource, configNames: ['retention.ms'] }] })
      assert.strictEqual(configs.resources[0].configEntries[0].configValue, '88888')
      await admin.deleteTopics({ topics: [topic] })
      assert(!(await admin.listTopics()).includes(topic))
    })
  },

  async produce() {
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      const topic = `kafkajs-produce-${compression}`
      await withProducer({}, async producer => {
        for (let first = 0; first < lines.length; first += 1000) {
          const messages = lines.slice(first, first + 1000).map((value, i) => ({
            key: `key ${first + i}`, value, headers: { number: `${first + i}` },
            timestamp: `${start + first + i}`,
          }))
          await producer.send({ topic, compression, acks: first === 0 ? 1 : -1, messages })
        }
        await producer.send({ topic, acks: 0, messages: [{ key: null, value: null }] })
      })
      const messages = await readAll(topic, lines.length + 1)
      lines.forEach((line, i) => {
        assert.strictEqual(messages[i].value.toString(), line)
        assert.strictEqual(messages[i].key.toString(), `key ${i}`)
        assert.strictEqual(messages[i].headers.number.toString(), `${i}`)
        assert.strictEqual(messages[i].timestamp, `${start + i}`)
      })
      assert.strictEqual(messages[lines.length].value, null)
    }
  },

  async idempotent() {
    const topic = 'kafkajs-idempotent'
    await withProducer({ idempotent: true, maxInFlightRequests: 1 }, async producer => {
      for (let first = 0; first < lines.length; first += 500) {
        await producer.send({ topic, messages: lines.slice(first, first + 500).map(value => ({ value })) })
      }
    })
    const messages = await readAll(topic, lines.length)
    assert.deepStrictEqual(messages.map(message => message.value.toString()), lines)
  },

  async offsets() {
    const topic = 'kafkajs-offsets'
    await withProducer({}, producer => producer.send({ topic,
      messages: lines.slice(0, 1000).map((value, i) => ({ value, timestamp: `${start + i}` })) }))
    await withAdmin(async admin => {
      const [all] = await admin.fetchTopicOffsets(topic)
      assert.deepStrictEqual({ high: all.high, low: all.low }, { high: '1000', low: '0' })
      const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, start + 432)
      assert.strictEqual(found.offset, '432')
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '100' }] })
      assert.strictEqual((await admin.fetchTopicOffsets(topic))[0].low, '100')
    })
  },

  async errors() {
    await withAdmin(async admin => {
      await assert.rejects(admin.createTopics({ topics: [{ topic: 'no good' }] }),
        failure => failure.errors[0].type === 'INVALID_TOPIC_EXCEPTION')
      await assert.rejects(admin.createTopics({ topics: [{ topic: 'kafkajs-two', replicationFactor: 2 }] }),
        failure => failure.errors[0].type === 'INVALID_REPLICATION_FACTOR')
    })
    await withProducer({ allowAutoTopicCreation: false, retry: { retries: 1 } }, async producer => {
      await assert.rejects(producer.send({ topic: 'kafkajs-nowhere', messages: [{ value: 'v' }] }),
        /This server does not host this topic-partition/)
    })
  },
}

checks[check]().then(() => process.exit(0), failure => {
  console.error(failure)
  process.exit(1)
})
