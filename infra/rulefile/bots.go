package rulefile

import (
	"io/fs"

	"waymark/shared/domain/bot"
)

// The shape of bots.yaml; its head says what the fields mean.
type (
	botFile struct {
		Version int       `yaml:"version"`
		Except  []string  `yaml:"except"`
		Rules   []botRule `yaml:"rules"`
	}
	botRule struct {
		Reason string   `yaml:"reason"`
		Any    []string `yaml:"any"`
	}
)

// Bots reads the bot rules, bots.yaml. It does not judge them, which bot.New does.
func Bots(files fs.FS) (bot.Config, error) {
	var file botFile
	if err := decodeFile(files, "bots.yaml", &file); err != nil {
		return bot.Config{}, err
	}
	config := bot.Config{Version: file.Version, Except: file.Except}
	for _, rule := range file.Rules {
		config.Rules = append(config.Rules, bot.Rule(rule))
	}
	return config, nil
}
