-- one function of the library in the other, each calling Lua, as deep as it goes, and caught at each level
-- ends: limits error
local function down()
  pcall(down)
  pcall(table.sort, { 2, 1 }, down)
  pcall(string.gsub, "ab", ".", down)
  pcall(coroutine.wrap(down))
  pcall(tostring, setmetatable({}, { __tostring = down }))
  pcall(function() return setmetatable({}, { __index = down }).x end)
  pcall(function() return setmetatable({}, { __concat = down }) .. "" end)
  pcall(re.gsub, "ab", ".", down)
  pcall(esme.with_session, down)
  for _ in down do end
end
return { handle_pdu = down }
