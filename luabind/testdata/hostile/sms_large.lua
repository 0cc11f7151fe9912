-- the largest texts are cut, counted and read, in all alphabets
-- ends: limits error
return {
  handle_pdu = function()
    local text, octets = ("grüße "):rep(30000), ("\4\54"):rep(100000)
    while true do
      pcall(sms.submit, { to = "1", text = text, split = "payload" })
      pcall(sms.length, text, { languages = { "turkish", "spanish", "urdu" } })
      pcall(sms.encode, text, { encoding = "shift_jis" })
      pcall(sms.decode, octets, "ucs2")
      pcall(sms.decode, octets, "iso2022jp")
    end
  end,
}
