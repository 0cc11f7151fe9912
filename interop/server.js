// An SMSC made of npm's smpp package. It tells what happens to it on standard output, a JSON object a line.
'use strict';

const smpp = require('smpp');

const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }));

const plain = (pdu) => {
  const out = {};
  for (const [name, value] of Object.entries(pdu)) {
    out[name] = Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value;
  }
  return out;
};

const server = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => {
    const ok = pdu.system_id === 'acme' && pdu.password === 'secret';
    tell('bind', { pdu: plain(pdu), ok });
    session.send(pdu.response({ command_status: ok ? 0 : smpp.ESME_RINVPASWD, system_id: 'npm' }));
  });
  session.on('submit_sm', (pdu) => {
    tell('submit_sm', { pdu: plain(pdu) });
    session.send(pdu.response({ message_id: 'npm-1' }));
    session.enquire_link((resp) => {
      tell('enquire_link_resp', { pdu: plain(resp) });
      // Unless it is told data_coding 0, the package writes GSM 03.38 under data_coding 1, which is IA5 (SMPP 3.4 §5.2.19).
      session.deliver_sm({
        data_coding: 0,
        source_addr: '491700000001', destination_addr: '12345', short_message: 'héllo {€}', user_message_reference: 513,
      }, (resp) => {
        tell('deliver_sm_resp', { pdu: plain(resp) });
        session.unbind((resp) => {
          tell('unbind_resp', { pdu: plain(resp) });
          session.close();
        });
      });
    });
  });
  session.on('close', () => tell('close', {}));
  session.on('error', (err) => tell('error', { message: String(err) }));
});

server.listen(0, '127.0.0.1', () => tell('listening', { port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();
