// One picture with Node and fetch. Usage: PLANTAIN_API_KEY=sk-pl-… node examples/generate.mjs "a prompt" output.png
import fs from 'node:fs'

const API_KEY = process.env.PLANTAIN_API_KEY
const URL = `${process.env.PLANTAIN_URL ?? 'http://127.0.0.1:7878'}/api/v1/chat/completions`

async function generateImage(prompt, model = 'google/gemini-3.1-flash-image-preview') {
  const response = await fetch(URL, {
    method: 'POST',
    headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }], modalities: ['image', 'text'] }),
  })
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`)

  const { choices, usage } = await response.json()
  console.log(`${usage.cost} USD, receipt ${response.headers.get('x-generation-id')}`)
  const [image] = choices[0].message.images ?? []
  if (!image) throw new Error('No image in response')
  return Buffer.from(image.image_url.url.split(',', 2)[1], 'base64')
}

const [prompt = 'A cozy Scandinavian living room with a cream sofa, brass arc lamp, jute rug.', output = 'output.png'] = process.argv.slice(2)
fs.writeFileSync(output, await generateImage(prompt))
console.log(`Saved ${output}`)
