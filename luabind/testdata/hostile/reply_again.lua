-- answers without end
-- ends: fine limits
return {
  handle_pdu = function(p, state)
    for _ = 1, 10000 do esme.reply(p, pdu.deliver_sm_resp()) end
  end,
}
