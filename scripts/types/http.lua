---@meta
-- Written by go generate from the declarations in luabind. Do not edit.

---What a web server answered: a table.
---@class Response
---@field status integer # The status: 200 and so on. Any is a response, no error.
---@field headers table<string, string> # The headers, by their names in lower case; several of one name with commas between.
---@field body string # Octets; uncompressed.
local Response = {}

---Requests to web servers, from tasks. The bind must be allowed the host: `allow: {http: [api.example.com]}`; an entry may be host, host:port or *.example.com; without a port it allows 80 and 443. A redirect leads to allowed hosts only, and secrets do not go to another host. A bind has 20 requests at once, more wait for their turn. A request ends with its task: when the session ends, or 30 s after a reload. Certificates are always checked; a name of a * entry may not resolve to a private address, and no name to a link-local one, where clouds keep their credentials.
---@class httplib
http = {}

---Sends a GET request and waits for the response.
---
---To be called in: tasks: it waits.
---```lua
---local resp = assert(http.get("https://api.example.com/route", { query = { to = p.source_addr }, timeout = "3s" }))
---if resp.status == 200 then log.info("route", assert(json.decode(resp.body))) end
---```
---@param url string # http:// or https://
---@param opts? { headers?: table, query?: table, auth?: { bearer?: (string|Secret), user?: string, password?: (string|Secret) }, timeout?: duration, max_body?: integer, redirects?: integer } # how to ask
---@return Response? resp # status, headers (names in lower case) and body; any status is a response, no error
---@return Error? err # nil, or what went wrong: not_allowed, timeout, connection, tls, too_large, too_many_redirects, invalid_utf8 (of opts.json), stopped
function http.get(url, opts) end

---Sends a POST request and waits for the response.
---
---To be called in: tasks: it waits.
---```lua
---local resp = assert(http.post("https://api.example.com/messages", nil, { json = { from = p.source_addr, text = p.text }, auth = { bearer = config.secret("api_key") } }))
---assert(resp.status == 200)
---```
---@param url string # http:// or https://
---@param body? string # octets; or give opts.json
---@param opts? { json?: table, headers?: table, query?: table, auth?: { bearer?: (string|Secret), user?: string, password?: (string|Secret) }, timeout?: duration, max_body?: integer, redirects?: integer } # how to ask
---@return Response? resp # status, headers (names in lower case) and body; any status is a response, no error
---@return Error? err # nil, or what went wrong: not_allowed, timeout, connection, tls, too_large, too_many_redirects, invalid_utf8 (of opts.json), stopped
function http.post(url, body, opts) end

---Sends any request and waits for the response.
---
---To be called in: tasks: it waits.
---```lua
---local resp = assert(http.request { method = "PUT", url = "https://api.example.com/members/1", headers = { ["X-Origin"] = esme.name }, json = { active = true } })
---```
---@param request { method?: ("GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"|"OPTIONS"), url: string, body?: string, json?: table, headers?: table, query?: table, auth?: { bearer?: (string|Secret), user?: string, password?: (string|Secret) }, timeout?: duration, max_body?: integer, redirects?: integer } # the request
---@return Response? resp # status, headers (names in lower case) and body; any status is a response, no error
---@return Error? err # nil, or what went wrong: not_allowed, timeout, connection, tls, too_large, too_many_redirects, invalid_utf8 (of opts.json), stopped
function http.request(request) end

return http
