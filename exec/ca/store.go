package ca

import "inscribe/exec"

// local makes an error about a file. The cause, an [*fs.PathError] mostly, names
// the path. Without an advice it is about a folder that takes no file.
func local(message, advice string, cause error) *exec.Error {
	if advice == "" {
		advice = "the folder of the CA must be writable and have space; that of the embedded CA is in the state folder, which --state chooses"
	}
	return &exec.Error{Kind: exec.Local, Message: message, Advice: advice, Cause: cause}
}
