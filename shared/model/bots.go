package model

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/bot"
)

//go:embed bots.yaml
var botsYAML []byte

// Bots gives the built-in bot rules. They are read and checked once; an error names every fault of the data.
func Bots() (*bot.Rules, error) { return bots() }

var bots = sync.OnceValues(func() (*bot.Rules, error) {
	config, err := BotConfig()
	if err != nil {
		return nil, err
	}
	return bot.New(config)
})

// BotConfig gives the data behind Bots, for whoever changes a part of it before making rules.
func BotConfig() (bot.Config, error) { return readBots(botsYAML) }

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

func readBots(text []byte) (bot.Config, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var file botFile
	if err := decoder.Decode(&file); err != nil {
		return bot.Config{}, fmt.Errorf("read bots.yaml: %w", err)
	}
	config := bot.Config{Version: file.Version, Except: file.Except}
	for _, rule := range file.Rules {
		config.Rules = append(config.Rules, bot.Rule(rule))
	}
	return config, nil
}
