// The checks of groups that GroupProgramChecks runs, all at once: node kafkajs-groups.js MODULES ADDRESS. A
// check that fails throws.
const assert = require('assert')

const [modules, address] = process.argv.slice(2)
const { Kafka, AssignerProtocol, logLevel } = require(`${modules}/kafkajs`)
const kafka = new Kafka({
  clientId: 'compat', brokers: [address], logLevel: logLevel.NOTHING,
  connectionTimeout: 10000, retry: { retries: 5 },
})
const limitMs = 90000
const partitions = 4

async function until(what, condition) {
  const limit = Date.now() + limitMs
  while (!(await condition())) {
    assert(Date.now() < limit, `not so after ${limitMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function withAdmin(run) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await run(admin)
  } finally {
    await admin.disconnect()
  }
}

// So many messages to each partition of a topic, numbered on from what it has.
async function produce(topic, count) {
  const producer = kafka.producer()
  await producer.connect()
  const messages = []
  for (let number = 0; number < count * partitions; number++) {
    messages.push({ value: `${number}`, partition: number % partitions })
  }
  await producer.send({ topic, messages })
  await producer.disconnect()
}

// A member that counts how often it and all others are given each message.
async function join(topic, given) {
  const consumer = kafka.consumer({ groupId: topic, sessionTimeout: 30000, heartbeatInterval: 300,
    maxWaitTimeInMs: 100, rebalanceTimeout: 30000 })
  const member = { consumer, joined: 0, owned: [], count: 0 }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    member.joined++
    member.owned = payload.memberAssignment[topic] || []
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ partition, message }) => {
      const id = `${partition} ${message.offset}`
      given.set(id, (given.get(id) || 0) + 1)
      member.count++
    },
  })
  return member
}

const shared = members => () => {
  const owned = members.flatMap(member => member.owned)
  return owned.length === partitions && new Set(owned).size === partitions
    && members.every(member => member.owned.length === partitions / members.length)
}

const checks = {
  // Two members share; one leaves, the other has all; nothing is given twice, nothing is lost.
  async two() {
    const topic = 'kafkajs-group'
    await withAdmin(admin => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }))
    await produce(topic, 100)
    const given = new Map()
    const one = await join(topic, given)
    const two = await join(topic, given)
    await until('two members share the partitions', shared([one, two]))
    await produce(topic, 100)
    await until('all is given', () => given.size === 200 * partitions)
    assert(one.count > 0 && two.count > 0, 'one of two members was given nothing')
    await withAdmin(async admin => {
      const { groups: [group] } = await admin.describeGroups([topic])
      assert.strictEqual(group.state, 'Stable')
      assert.strictEqual(group.protocol, 'RoundRobinAssigner')
      const owned = group.members.flatMap(member =>
        AssignerProtocol.MemberAssignment.decode(member.memberAssignment).assignment[topic])
      assert.deepStrictEqual(owned.sort(), [0, 1, 2, 3])
    })
    await one.consumer.disconnect()
    await until('the member that is left has all', shared([two]))
    await produce(topic, 50)
    await until('all is given', () => given.size === 250 * partitions)
    await two.consumer.disconnect()
    assert([...given.values()].every(times => times === 1), 'a message was given twice')
    await withAdmin(async admin => {
      const [{ partitions: offsets }] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
      offsets.forEach(each => assert.strictEqual(each.offset, '250'))
    })
  },

  async admin() {
    const topic = 'kafkajs-group-admin'
    const groupId = topic
    await withAdmin(async admin => {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
      await produce(topic, 10)
      const offset = async partition => {
        const [{ partitions: all }] = await admin.fetchOffsets({ groupId, topics: [topic] })
        return all.find(each => each.partition === partition).offset
      }
      // kafkajs sets offsets as a member that fetches nothing once, which takes it five seconds.
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 1, offset: '7' }] })
      assert.strictEqual(await offset(1), '7')
      assert.strictEqual(await offset(0), '-1')
      const { groups } = await admin.listGroups()
      assert(groups.some(group => group.groupId === groupId), 'the group is not listed')
      await admin.deleteGroups([groupId])
      await assert.rejects(admin.deleteGroups([groupId]),
        failure => failure.groups[0].error.type === 'GROUP_ID_NOT_FOUND')
    })
  },
}

Promise.all(Object.values(checks).map(check => check())).then(() => process.exit(0), failure => {
  console.error(failure)
  process.exit(1)
})
