-- Inscribe in Neovim (0.7 and newer): the language server and the plan beside
-- the text.
--
--   require('inscribe').setup()
--
-- Options of setup: cmd (the server, { 'inscribe', 'lsp' }), settings (the value
-- of "inscribe"), on_attach and capabilities as for any client.

local M = {}

local options = { cmd = { 'inscribe', 'lsp' }, settings = {} }
local clients = {} -- by root folder, where vim.lsp.start is not there

local namespace = vim.api.nvim_create_namespace('inscribe.plan')

-- root is the folder with inscribe.toml, else that of the file.
local function root(file)
  local dir = vim.fn.fnamemodify(file, ':p:h')
  local config = vim.fn.findfile('inscribe.toml', dir .. ';')
  if config ~= '' then
    return vim.fn.fnamemodify(config, ':p:h')
  end
  return dir
end

-- attach starts the server for a buffer, or gives it the one that runs.
function M.attach(buffer)
  local dir = root(vim.api.nvim_buf_get_name(buffer))
  local config = {
    name = 'inscribe',
    cmd = options.cmd,
    root_dir = dir,
    workspace_folders = { { uri = vim.uri_from_fname(dir), name = dir } },
    settings = { inscribe = options.settings },
    init_options = options.settings,
    capabilities = options.capabilities,
    on_attach = options.on_attach,
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  if not clients[dir] or vim.lsp.client_is_stopped(clients[dir]) then
    clients[dir] = vim.lsp.start_client(config)
  end
  if clients[dir] then
    vim.lsp.buf_attach_client(buffer, clients[dir])
  end
end

local function client_of(buffer)
  local list = vim.lsp.get_clients and vim.lsp.get_clients({ bufnr = buffer }) or vim.lsp.buf_get_clients(buffer)
  for _, client in pairs(list) do
    if client.name == 'inscribe' then
      return client
    end
  end
end

-- mark shows the ops of the source line under the cursor, and moves to them.
local function mark(view)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  vim.api.nvim_buf_clear_namespace(view.buffer, namespace, 0, -1)
  local first
  for _, l in ipairs(view.lines) do
    if l.source == line then
      vim.api.nvim_buf_add_highlight(view.buffer, namespace, 'Visual', l.plan, 0, -1)
      first = first or l.plan
    end
  end
  local window = vim.fn.bufwinid(view.buffer)
  if first and window ~= -1 then
    vim.api.nvim_win_set_cursor(window, { first + 1, 0 })
  end
end

local function refresh(view)
  if not vim.api.nvim_buf_is_valid(view.source) or not vim.api.nvim_buf_is_valid(view.buffer) then
    return
  end
  local client = client_of(view.source)
  if not client then
    return
  end
  local params = { command = 'inscribe.showPlan', arguments = { vim.uri_from_bufnr(view.source) } }
  client.request('workspace/executeCommand', params, function(err, result)
    if err or not result or not vim.api.nvim_buf_is_valid(view.buffer) then
      return
    end
    view.lines = result.lines
    vim.api.nvim_buf_set_option(view.buffer, 'modifiable', true)
    vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, vim.split(result.text, '\n'))
    vim.api.nvim_buf_set_option(view.buffer, 'modifiable', false)
    if vim.api.nvim_get_current_buf() == view.source then
      mark(view)
    end
  end, view.source)
end

local views = {} -- by the buffer of the description

-- view_of is the open plan of a buffer, or the plan that the buffer is.
local function view_of(buffer)
  for source, view in pairs(views) do
    if not vim.api.nvim_buf_is_valid(view.buffer) then
      views[source] = nil
    elseif buffer == source or buffer == view.buffer then
      return view
    end
  end
end

-- split shows a buffer beside the current window, which stays the current one.
local function split(buffer)
  local window = vim.api.nvim_get_current_win()
  vim.cmd('vertical sbuffer ' .. buffer)
  vim.wo.wrap = false
  vim.wo.number = false
  vim.api.nvim_set_current_win(window)
end

-- show_plan shows the plan of a buffer beside it; it follows the text. There is one
-- for each description.
function M.show_plan(source)
  if not source or source == 0 then
    source = vim.api.nvim_get_current_buf()
  end
  local view = view_of(source)
  if view then
    if vim.fn.bufwinid(view.buffer) == -1 then
      split(view.buffer)
    end
    refresh(view)
    return view
  end
  if not client_of(source) then
    vim.notify('Inscribe: no language server runs for this buffer', vim.log.levels.WARN)
    return nil
  end
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_option(buffer, 'bufhidden', 'wipe')
  split(buffer)
  view = { source = source, buffer = buffer, lines = {} }
  views[source] = view
  local group = vim.api.nvim_create_augroup('inscribe.plan.' .. buffer, {})
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI' }, { group = group, buffer = source, callback = function() refresh(view) end })
  vim.api.nvim_create_autocmd('CursorMoved', { group = group, buffer = source, callback = function() mark(view) end })
  -- The other way round: Enter on an op goes to its line.
  vim.keymap.set('n', '<CR>', function()
    local line = vim.api.nvim_win_get_cursor(0)[1] - 1
    for _, l in ipairs(view.lines) do
      if l.plan == line then
        local window = vim.fn.bufwinid(source)
        if window == -1 then
          vim.cmd('vertical sbuffer ' .. source)
          window = vim.api.nvim_get_current_win()
        end
        vim.api.nvim_set_current_win(window)
        vim.api.nvim_win_set_cursor(window, { l.source + 1, 0 })
        return
      end
    end
  end, { buffer = buffer })
  vim.api.nvim_create_autocmd('BufWipeout', { group = group, buffer = buffer, callback = function() vim.api.nvim_del_augroup_by_id(group) end })
  refresh(view)
  return view
end

-- setup starts the server for every description.
function M.setup(user)
  options = vim.tbl_extend('force', options, user or {})
  vim.lsp.commands['inscribe.showPlan'] = function(_, context) M.show_plan(context and context.bufnr) end
  vim.api.nvim_create_user_command('InscribePlan', function() M.show_plan() end, { desc = 'Show the plan of the description' })
  local group = vim.api.nvim_create_augroup('inscribe.lsp', {})
  vim.api.nvim_create_autocmd('FileType', { group = group, pattern = 'inscribe', callback = function(event) M.attach(event.buf) end })
  if vim.bo.filetype == 'inscribe' then
    M.attach(vim.api.nvim_get_current_buf())
  end
end

return M
