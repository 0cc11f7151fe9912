// npm's smpp as a codec: a JSON object a line on standard input, the answer a line on standard output.
//   {"decode": "HEX"}                        -> {"command": NAME, "fields": {...}}
//   {"encode": NAME, "fields": {...}}        -> {"hex": "HEX"}
// Octet strings are {"hex": ...} both ways. What the package does beyond the wire (alphabets, dates) is switched off.
'use strict';

const readline = require('readline');
const smpp = require('smpp');

for (const { params } of Object.values(smpp.commands)) {
  for (const param of Object.values(params || {})) delete param.filter;
}
for (const tlv of Object.values(smpp.tlvs)) delete tlv.filter;

const out = (v) => {
  if (Buffer.isBuffer(v)) return { hex: v.toString('hex') };
  if (Array.isArray(v)) return v.map(out);
  return v;
};
const back = (v) => {
  if (Array.isArray(v)) return v.map(back);
  if (v && typeof v === 'object' && 'hex' in v) return Buffer.from(v.hex, 'hex');
  return v;
};

const answer = (q) => {
  if ('decode' in q) {
    const pdu = new smpp.PDU(Buffer.from(q.decode, 'hex'));
    const fields = {};
    for (const [k, v] of Object.entries(pdu)) if (k !== 'command') fields[k] = out(v);
    return { command: pdu.command, fields };
  }
  const fields = {};
  for (const [k, v] of Object.entries(q.fields)) fields[k] = back(v);
  return { hex: new smpp.PDU(q.encode, fields).toBuffer().toString('hex') };
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let a;
  try {
    a = answer(JSON.parse(line));
  } catch (err) {
    a = { error: String(err) };
  }
  process.stdout.write(JSON.stringify(a) + '\n');
});
