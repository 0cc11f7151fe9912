-- four octets of text become sixteen of memory, a million times
-- ends: limits error
return {
  handle_pdu = function()
    local text = "[" .. ("0,"):rep(2^20) .. "0]"
    local keep = {}
    while true do keep[#keep + 1] = json.decode(text) end
  end,
}
