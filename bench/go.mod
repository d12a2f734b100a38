module inscribe/bench

go 1.26.0

require inscribe v0.0.0

require (
	github.com/alecthomas/participle/v2 v2.1.4 // indirect
	github.com/hashicorp/errwrap v1.0.0 // indirect
	github.com/hashicorp/go-multierror v1.1.1 // indirect
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	gopkg.in/ini.v1 v1.67.3
)

replace inscribe => ..
