-- base64, hex and digests of the longest strings, again and again
-- ends: limits error
return {
  handle_pdu = function()
    local s = ("x"):rep(2^21)
    while true do
      local a = base64.encode(s) local b = base64.decode(a) local c = hex.encode(s) local d = hex.decode(c)
      pcall(crypto.sha256, s)
    end
  end,
}
