-- methods on what they do not belong to
-- ends: fine
return {
  handle_pdu = function(p, state)
    local junk = { nil, true, 1, "x", {}, print, coroutine.create(print), esme, p }
    for _, name in ipairs { "response", "with", "tlv", "tlvs", "is_response" } do
      for i = 1, 9 do
        pcall(p[name], junk[i], junk[i])
        pcall(p[name], p, junk[i])
      end
    end
  end,
}
