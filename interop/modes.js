// An SMSC made of npm's smpp package, for binds of every mode. It tells what happens to it on standard output, a JSON
// object a line. The system_id says how a session is to end: by the ESME (own), by the SMSC (peer), or by a cut (drop).
'use strict';

const smpp = require('smpp');

const server = smpp.createServer((session) => {
  let id = '?';
  const tell = (event, pdu = {}) => {
    const m = pdu.short_message;
    console.log(JSON.stringify({
      event, bind: id, status: pdu.command_status, sequence: pdu.sequence_number, from: pdu.source_addr, to: pdu.destination_addr,
      text: m && String(m.message), reference: pdu.user_message_reference, type: pdu.system_type, version: pdu.interface_version,
    }));
  };
  const ending = () => id.split('-')[1];
  const end = () => {
    if (ending() === 'drop') {
      session.destroy();
    } else if (ending() === 'peer') {
      session.unbind((resp) => {
        tell('unbind_resp', resp);
        session.close();
      });
    }
  };
  // Unless it is told data_coding 0, the package writes GSM 03.38 under data_coding 1, which is IA5 (SMPP 3.4 §5.2.19).
  const deliver = () => session.deliver_sm({
    data_coding: 0, source_addr: '491700000001', destination_addr: '12345', short_message: 'from the SMSC', user_message_reference: 513,
  }, (resp) => {
    tell('deliver_sm_resp', resp);
    end();
  });
  const bind = (mode) => session.on(`bind_${mode}`, (pdu) => {
    id = pdu.system_id;
    tell(`bind_${mode}`, pdu);
    session.send(pdu.response({ system_id: 'npm' }));
    if (mode === 'receiver') deliver();
    session.on('submit_sm', (pdu) => {
      tell('submit_sm', pdu);
      if (ending() === 'drop') {
        end();
        return;
      }
      session.send(pdu.response({ message_id: `id-${id}` }));
      if (mode === 'transceiver') deliver();
      else end();
    });
  });
  ['transceiver', 'transmitter', 'receiver'].forEach(bind);
  session.on('unbind', (pdu) => {
    tell('unbind', pdu);
    session.send(pdu.response());
    session.close();
  });
  session.on('error', (err) => console.error(String(err)));
});

server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })));
process.stdin.on('end', () => process.exit(0)).resume();
