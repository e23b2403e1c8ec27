package bot

import "bytes"

// deviceIn is the part of an agent where Android names the device and its build, nil when there is none: "c bot tab 100 build/nrd90m" in
// "mozilla/5.0 (linux; u; android 7.0; en-us; c bot tab 100 build/nrd90m; wv) …". Makers choose these names, and some are called like a bot.
// Only Chrome leaves out the build: others who do name a program there. The agent is in lower case.
func deviceIn(agent []byte) []byte {
	at := bytes.Index(agent, []byte("; android "))
	if at < 0 {
		return nil
	}
	at += len("; android ")
	for {
		end := bytes.IndexAny(agent[at:], ";)")
		if end < 0 || agent[at+end] == ')' {
			return nil // the version, or the language, was the last thing said
		}
		at += end + 1
		part := agent[at:]
		if end := bytes.IndexAny(part, ";)"); end >= 0 {
			part = part[:end]
		}
		if isLanguage(bytes.TrimSpace(part)) {
			continue
		}
		if !bytes.Contains(part, []byte(" build/")) && !bytes.Contains(agent, []byte("chrome/")) {
			return nil
		}
		return part
	}
}

// isLanguage says whether a part of an agent is a language such as en or zh-cn.
func isLanguage(part []byte) bool {
	if len(part) != 2 && len(part) != 5 {
		return false
	}
	for i, c := range part {
		if isDash := c == '-' || c == '_'; isDash != (i == 2) || !isDash && !isLetter(c) {
			return false
		}
	}
	return true
}
