-- the function of a gsub calls gsub with itself, on what is matched twice over
-- ends: limits error
return {
  handle_pdu = function()
    local function twice(s) return (s .. s):gsub(".+", twice) end
    while true do pcall(string.gsub, "ab", ".+", twice) end
  end,
}
