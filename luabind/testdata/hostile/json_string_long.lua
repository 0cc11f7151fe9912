-- JSON with one string of MiB, all of it escapes
-- ends: limits error
return {
  handle_pdu = function()
    local text = '"' .. ("\\ud83d\\ude00"):rep(300000) .. '"'
    while true do pcall(json.decode, text) end
  end,
}
