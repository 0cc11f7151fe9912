local check = require "check"
local M = {}

M["fields and TLVs by name"] = function()
  local p = pdu.submit_sm { source_addr = "1", data_coding = 8, user_message_reference = 300, sar_total_segments = 2, message_payload = "x", status = "ESME_RSYSERR", sequence_number = 9,
    tlvs = { { tag = 0x1401, value = "a" }, { tag = 0x1401, value = "b" } } }
  check.equal(p.source_addr .. p.destination_addr .. p.data_coding .. p.user_message_reference .. p.message_payload, "18300x")
  check.equal(p.command .. " " .. p.status .. " " .. p.command_status .. " " .. p.sequence_number .. " " .. p.command_id, "submit_sm ESME_RSYSERR 8 9 4")
  check.equal(p:tlv(0x1401), "a")
  check.equal(p.message_id, nil)
  check.equal(p.network_error_code, nil)
  local n = 0
  for _, t in ipairs(p:tlvs()) do
    if t.tag == 0x1401 then n = n + #t.value end
  end
  check.equal(n, 2)
  check.equal(#p.warnings, 0)
  check.equal(pdu.submit_multi { dest_address = { { destination_addr = "1" }, { dl_name = "all" } } }.number_of_dests, 2)
end

M["mistakes raise, and say what was meant"] = function()
  check.raises("pdu.submit_sm: field 'sorce_addr' is not in submit_sm; did you mean 'source_addr'?", pdu.submit_sm, { sorce_addr = "1" })
  check.raises("field 'source_addr' must be a string, is table", pdu.submit_sm, { source_addr = {} })
  check.raises("field 'data_coding' must be a whole number, is 1.5", pdu.submit_sm, { data_coding = 1.5 })
  check.raises("there is no status 'ESME_RTHROTLED'; did you mean 'ESME_RTHROTTLED'?", pdu.submit_sm_resp, { status = "ESME_RTHROTLED" })
  check.raises("there is no command 'submit_ms'; did you mean 'submit_sm'?", pdu.new, "submit_ms")
  check.raises("a PDU has no field 'recipt'; did you mean 'receipt'?", function() return pdu.deliver_sm().recipt end)
  check.raises("a PDU is read-only: 'text' cannot be assigned", function() pdu.deliver_sm().text = 1 end)
  check.raises("fields by name, not by number", function() return pdu.deliver_sm()[1] end)
  check.raises("must be called on a PDU, with a colon: p:with(...)", pdu.submit_sm().with, {})
  check.raises("generic_nack has no response", function() return pdu.generic_nack():response() end)
  check.raises("argument 1 (pdu) must be a PDU", esme.send_pdu, "x")
  check.raises("esme.send_pdu: field 'sorce_addr' is not in submit_sm; did you mean 'source_addr'?", esme.send_pdu, { command = "submit_sm", sorce_addr = "1" })
  check.raises("esme.send_pdu: the table has no field 'command'", esme.send_pdu, { source_addr = "1" })
end

M["a table with its command is a PDU too"] = function()
  assert(esme.send_pdu { command = "submit_sm", destination_addr = "491700000001" })
end

M["names as long as memory"] = function()
  check.raises("a PDU has no field", function() return pdu.submit_sm()[("x"):rep(1000000)] end)
  check.raises("is not in submit_sm", pdu.submit_sm, { [("x"):rep(1000000)] = 1 })
  check.raises("there is no command", pdu.new, ("x"):rep(1000000))
end

M["with changes a copy"] = function()
  local p = pdu.submit_sm { source_addr = "1", user_message_reference = 3, tlvs = { { tag = 0x1401, value = "a" } } }
  local q = p:with { source_addr = "2", user_message_reference = 4 }
  check.equal(p.source_addr .. q.source_addr .. p.user_message_reference .. q.user_message_reference .. q:tlv(0x1401), "1234a")
end

return M
