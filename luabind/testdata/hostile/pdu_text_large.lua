-- text and receipt of the largest PDU are read without end
-- ends: limits error
return {
  handle_pdu = function()
    local m = pdu.deliver_sm { esm_class = 4, message_payload = ("id:1 stat:DELIVRD "):rep(3500) }
    while true do
      local a, b, c = m.text, m.receipt, tostring(m)
      m = m:with { source_addr = "1" }
      if a and b and c and m:tlvs() and m.message_payload == "" then return end
    end
  end,
}
