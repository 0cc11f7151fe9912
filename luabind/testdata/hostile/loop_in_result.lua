-- a send in every send result
-- ends: fine
local message = pdu.submit_sm { destination_addr = "1" }
return {
  handle_pdu = function() esme.send_pdu(message) end,
  handle_send_pdu_result = function(p) if p.command == "submit_sm" then esme.send_pdu(message) end end,
}
