-- JSON whose keys are all different, so that each makes a table larger
-- ends: limits error
return {
  handle_pdu = function()
    local parts = {}
    for i = 1, 20000 do parts[i] = '"' .. i .. '":' .. i end
    local text = "{" .. table.concat(parts, ",") .. "}"
    local keep = {}
    while true do keep[#keep + 1] = json.decode(text) end
  end,
}
