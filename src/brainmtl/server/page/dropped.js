// What a reader drops: files, and folders with all that lies in them.

/** @param transfer of a drop event. @returns the files, hidden ones left out; a folder's by name. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = entries.length ? (await Promise.all(entries.map(filesIn))).flat() : [...transfer.files];
  return files.filter((file) => !file.name.startsWith("."));
}

async function filesIn(entry) {
  if (entry.isFile) return [await asked(entry, "file")];
  const [reader, within] = [entry.createReader(), []];
  for (;;) {
    const some = await asked(reader, "readEntries"); // some at a time, and none at the end
    if (!some.length) break;
    within.push(...some);
  }
  within.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return (await Promise.all(within.map(filesIn))).flat();
}

const asked = (entry, what) => new Promise((resolve, reject) => entry[what](resolve, reject));
