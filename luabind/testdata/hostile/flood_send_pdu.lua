-- PDUs without end
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    local message = pdu.submit_sm { destination_addr = "1", short_message = ("x"):rep(200) }
    while esme.send_pdu(message) do end
  end,
}
