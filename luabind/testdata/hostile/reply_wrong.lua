-- answers of every kind, to everything, again and again
-- ends: fine limits error
local seen = {}
return {
  handle_pdu = function(p, state)
    seen[#seen + 1] = p
    for _, q in ipairs(seen) do
      for _, r in ipairs { pdu.deliver_sm_resp {}, pdu.submit_sm {}, p:response(), pdu.new("generic_nack", {}), p, pdu.enquire_link {}, pdu.unbind {} } do
        pcall(esme.reply, q, r) pcall(esme.send_pdu, r) pcall(esme.defer, q, "1ms") pcall(esme.defer, q, "infinity")
      end
    end
  end,
  handle_send_pdu_result = function(p, err, state) pcall(esme.send_pdu, p) end,
  handle_resp = function(p, q, state) pcall(esme.reply, p, q) pcall(esme.send_pdu, q) end,
}
