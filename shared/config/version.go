package config

import "runtime/debug"

// version is set by the build: -ldflags "-X waymark/shared/config.version=1.2.3".
var version string

// Version names the program that runs, for logs, failed events and GET /health: what the build was told, else the commit it was built from,
// else "dev".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				changed = "+changes"
			}
		}
	}
	if commit == "" {
		return "dev"
	}
	return commit[:min(len(commit), 12)] + changed
}
