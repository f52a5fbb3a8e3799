# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_AUTHOR_DATE='1000000000 +0000'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_COMMITTER_DATE='1000000000 +0000'
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
git init -q -b main repository
cd repository || exit
git config pack.threads 1
for i in 1 2 3 4; do
	mkdir -p dir$i
	seq $((i * 100)) >dir$i/file
	git add .
	git commit -q -m "commit $i"
done
git checkout -q -b side HEAD~2
echo side >side
git add side
git commit -q -m 'on the side'
git checkout -q main
git merge -q -m 'together' side
git log --oneline --graph
git diff --stat HEAD~1
git gc --quiet --prune=now
git fsck --full
git count-objects -v | grep -v size
git status --short --branch
git branch -D main
