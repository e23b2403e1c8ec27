package model_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"waymark/infra/rulefile"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

// TestCompiledEqualsFiles reads the files and compares what they say with what is compiled in, value by value.
func TestCompiledEqualsFiles(t *testing.T) {
	t.Parallel()
	files := os.DirFS(".")
	channels, err := rulefile.Channels(files)
	if got := model.ChannelConfig(); err != nil || !reflect.DeepEqual(got, channels) {
		t.Errorf("ChannelConfig() differs from its files (%v)\n got %+v\nwant %+v", err, got, channels)
	}
	bots, err := rulefile.Bots(files)
	if got := model.BotConfig(); err != nil || !reflect.DeepEqual(got, bots) {
		t.Errorf("BotConfig() differs from bots.yaml (%v)\n got %+v\nwant %+v", err, got, bots)
	}
	paths, err := filepath.Glob("stages/*.yaml")
	if err != nil || len(paths) < len(model.StageNames()) {
		t.Fatalf("list stage models: %v, %v", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		config, err := rulefile.Stages(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range config.Rules {
			config.Rules[i].Line = 0
		}
		want, err := stage.New(config)
		if err != nil {
			t.Fatal(err)
		}
		if got := presetStages(t, want.ID()); !reflect.DeepEqual(got, want) {
			t.Errorf("Stages(%s) differs from %s\n got %+v\nwant %+v", want.ID(), path, got, want)
		}
	}
}
