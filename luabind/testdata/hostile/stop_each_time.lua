-- it stops its session at each message, and has much to say about it
-- ends: fine limits error
return {
  handle_pdu = function(p, state) for i = 1, 1000 do esme.stop(("x"):rep(1000)) end end,
  handle_stop = function(reason, lost, state)
    for i = 1, 100 do esme.send_pdu(pdu.submit_sm { short_message = "x" }) esme.send_after(0, "x") end
    return ("y"):rep(4000000), state
  end,
}
