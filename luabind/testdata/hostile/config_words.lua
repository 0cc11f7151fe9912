-- a word is looked for among many that are nearly it
-- ends: limits error
return {
  handle_pdu = function()
    local words = {}
    for i = 1, 900 do words[i] = "some_long_word_" .. i end
    while true do pcall(config.enum, "absent", words, "some_long_word") end
  end,
}
