#!/bin/bash
# Whether HAProxy on this machine answers: exit code 0. For keepalived; has to belong to root and be executable.
exec 3<>/dev/tcp/127.0.0.1/8404 || exit 1
printf 'GET /alive HTTP/1.0\r\n\r\n' >&3
read -r -t 1 _protocol status _text <&3
[[ $status == 200 ]]
