package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	goio "io" // io is the command's stdio
	"os"
	"os/exec"
	"strings"

	"waymark/shared/failed"
)

// failedEdit takes the corrected event from a file, or from the editor, which begins with what a replay would send now.
func failedEdit(ctx context.Context, o backend, flags failedFlags, io stdio) error {
	id, err := flags.oneID()
	if err != nil {
		return err
	}
	text, err := corrected(ctx, o, id, flags.file, io)
	if err != nil {
		return err
	}
	edited, err := o.edit(ctx, id, text)
	if err != nil {
		return err
	}
	if flags.json {
		return json.NewEncoder(io.Out).Encode(edited)
	}
	if edited.Verdict.Accepted {
		fmt.Fprintf(io.Out, "Kept. It would be accepted: waymark failed replay %s\n", id)
		return nil
	}
	fmt.Fprintf(io.Out, "Kept, but it would fail again: %s\n", edited.Verdict.Class)
	fmt.Fprint(io.Out, wrapped(strings.TrimPrefix(edited.Verdict.Field+": ", ": ")+edited.Verdict.Reason, "  "))
	return nil
}

func corrected(ctx context.Context, o backend, id, file string, io stdio) ([]byte, error) {
	switch file {
	case "":
	case "-":
		text, err := goio.ReadAll(io.In)
		return plainText(text), err
	default:
		text, err := os.ReadFile(file)
		return plainText(text), err
	}
	editor := strings.Fields(os.Getenv("EDITOR"))
	if len(editor) == 0 {
		return nil, fmt.Errorf("set EDITOR, or give the corrected event with --file: %w", errUsage)
	}
	shown, err := o.show(ctx, id)
	if err != nil {
		return nil, err
	}
	return edit(ctx, editor, sent(shown), io)
}

// sent is what a replay would send.
func sent(d failed.Document) string {
	if d.Edit != nil {
		return d.Edit.Text
	}
	return d.Original
}

// edit lets the editor change a text, indented where it is JSON, and gives what it leaves.
func edit(ctx context.Context, editor []string, text string, io stdio) ([]byte, error) {
	before := []byte(indented(text) + "\n")
	file, err := os.CreateTemp("", "waymark-failed-*.json") // for this user alone
	if err != nil {
		return nil, fmt.Errorf("make a file to edit: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(before)
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("write the file to edit: %w", err)
	}
	command := exec.CommandContext(ctx, editor[0], append(editor[1:], file.Name())...)
	command.Stdin, command.Stdout, command.Stderr = io.In, io.Out, io.Err
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w", editor[0], err)
	}
	after, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, fmt.Errorf("read what was edited: %w", err)
	}
	if bytes.Equal(before, after) {
		return nil, fmt.Errorf("nothing was changed")
	}
	return after, nil
}

// indented is JSON for people; other text is left alone.
func indented(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}
