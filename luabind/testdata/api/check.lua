-- What the tests of the modules share.
local check = {}

function check.equal(got, want)
  if got ~= want then error(("got %s, want %s"):format(tostring(got), tostring(want)), 2) end
end

-- raises calls f(...), which must raise an error that has the text.
function check.raises(text, f, ...)
  local ok, err = pcall(f, ...)
  if ok then error("nothing was raised, want " .. text, 2) end
  if not tostring(err):find(text, 1, true) then error(("raised %s, want %s"):format(tostring(err), text), 2) end
end

-- fails takes what a function returned: nil and an error of the code.
function check.fails(code, v, err)
  if v ~= nil then error("it did not fail: " .. tostring(v), 2) end
  if err.code ~= code then error(("failed with %s, want %s"):format(tostring(err), code), 2) end
  if type(err.message) ~= "string" or type(err.retryable) ~= "boolean" then error("the error has no message or retryable", 2) end
end

return check
