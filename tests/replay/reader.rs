//! The formats of the recorders: what each calls the parts of a pair.

use std::collections::BTreeMap;
use std::path::Path;

use crate::json::Json;
use crate::pair::Pair;

/// Reads every recording below a folder, project by project, file by file.
pub(crate) fn folder(folder: &Path) -> Vec<Pair> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|project| std::fs::read_dir(project).unwrap().map(|entry| entry.unwrap().path()))
        .collect();
    files.sort();
    let mut pairs: Vec<Pair> = files.iter().flat_map(|file| recording(file)).collect();
    repeat(&mut pairs);
    pairs
}

/// Puts bodies where a transcriber only said that they repeat another: `(identical to body in {file} #{number})`.
fn repeat(pairs: &mut [Pair]) {
    let said = |pair: &Pair| -> Option<(String, usize)> {
        let text = pair.body.as_ref()?.text().strip_prefix("(identical to body in ")?.strip_suffix(')')?;
        let (file, number) = text.rsplit_once(" #")?;
        let (project, _) = pair.recording.split_once('/')?;
        Some((format!("{project}/{file}"), number.parse().ok()?))
    };
    for at in 0..pairs.len() {
        if let Some((recording, number)) = said(&pairs[at]) {
            let meant = pairs.iter().find(|pair| pair.recording == recording && pair.number == number);
            pairs[at].body = meant.unwrap_or_else(|| panic!("no {recording} #{number}")).body.clone();
        }
    }
}

/// Reads one recording; files that hold no pairs (excerpts, samples) give none.
fn recording(file: &Path) -> Vec<Pair> {
    let names: Vec<_> = file.iter().rev().take(2).map(|part| part.to_string_lossy().into_owned()).collect();
    let name = format!("{}/{}", names[1], names[0]);
    let text = std::fs::read_to_string(file).unwrap();
    let document: Json =
        if name.ends_with(".yaml") { serde_yaml::from_str(&text).unwrap() } else { Json::read(&text).unwrap() };
    let made = if !document.get("Entries").items().is_empty() {
        document.get("Entries").items().iter().map(entry).collect()
    } else if !document.get("networkCallRecords").items().is_empty() {
        document.get("networkCallRecords").items().iter().map(network_call).collect()
    } else if !document.get("interactions").items().is_empty() {
        document.get("interactions").items().iter().map(interaction).collect()
    } else {
        let calls = document.members().iter().filter(|(_, call)| !call.get("Request").members().is_empty());
        calls.map(|(_, call)| call_of_powershell(call)).collect::<Vec<_>>()
    };
    let number = |(number, pair): (usize, Pair)| Pair { recording: name.clone(), number, ..pair };
    made.into_iter().enumerate().map(number).collect()
}

/// `Entries` of the test framework for .NET.
fn entry(entry: &Json) -> Pair {
    let sent = body(entry.get("RequestBody"));
    let answer = (status(entry.get("StatusCode")), entry.get("ResponseHeaders"), entry.get("ResponseBody"));
    pair(entry.get("RequestMethod"), entry.get("RequestUri"), sent, answer)
}

/// `networkCallRecords` of the test framework for Java, which never recorded what was sent.
fn network_call(call: &Json) -> Pair {
    let answered = call.get("Response");
    let answer = (status(answered.get("StatusCode")), answered, answered.get("Body"));
    let mut pair = pair(call.get("Method"), call.get("Uri"), None, answer);
    pair.headers.retain(|name, _| !["statuscode", "body"].contains(&name.as_str()));
    pair
}

/// `interactions` of VCR, go-vcr and of the re-expressed nock recordings.
fn interaction(call: &Json) -> Pair {
    let (asked, answered) = (call.get("request"), call.get("response"));
    if *asked == Json::Null {
        let answer = (status(call.get("status")), call.get("headers"), call.get("body"));
        return pair(call.get("method"), call.get("url"), body(call.get("requestBody")), answer);
    }
    let url = if *asked.get("url") == Json::Null { asked.get("uri") } else { asked.get("url") };
    let code = match (answered.get("code"), answered.get("status")) {
        (Json::Null, Json::Object(_)) => answered.at("status.code"),
        (Json::Null, status) => status,
        (code, _) => code,
    };
    let content = match answered.get("body") {
        Json::Object(members) if members.len() == 1 && ["string", "data"].contains(&members[0].0.as_str()) => {
            &members[0].1
        }
        other => other,
    };
    pair(asked.get("method"), url, body(asked.get("body")), (status(code), answered.get("headers"), content))
}

/// A call of autorest's PowerShell recorder.
fn call_of_powershell(call: &Json) -> Pair {
    let (asked, answered) = (call.get("Request"), call.get("Response"));
    let answer = (status(answered.get("StatusCode")), answered.get("Headers"), answered.get("Content"));
    let mut pair = pair(asked.get("Method"), asked.get("RequestUri"), body(asked.get("Content")), answer);
    pair.headers.extend(headers(answered.get("ContentHeaders")));
    pair
}

fn pair(method: &Json, url: &Json, sent: Option<Json>, answer: (u16, &Json, &Json)) -> Pair {
    let (status, names, content) = answer;
    Pair {
        recording: String::new(),
        number: 0,
        method: method.text().to_owned(),
        target: placed(target(url.text())),
        sent,
        status,
        headers: headers(names),
        body: body(content),
    }
}

/// Returns path and query of a URL, which may lack its origin.
fn target(url: &str) -> &str {
    match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    }
}

/// Puts ids where a transcriber left words in braces.
fn placed(text: &str) -> String {
    let words = [("{sub}", "5"), ("{guid}", "6"), ("{oid}", "7")];
    words.iter().fold(text.to_owned(), |text, (word, digit)| {
        text.replace(word, &format!("00000000-0000-4000-8000-00000000000{digit}"))
    })
}

fn status(status: &Json) -> u16 {
    match status {
        Json::Number(number) => u16::try_from(number.as_u64().unwrap()).unwrap(),
        other => other.text().split(' ').next().unwrap().parse().unwrap(),
    }
}

fn headers(headers: &Json) -> BTreeMap<String, String> {
    let value = |value: &Json| match value {
        Json::List(values) => values.iter().map(Json::text).collect::<Vec<_>>().join(", "),
        other => other.text().to_owned(),
    };
    headers.members().iter().map(|(name, found)| (name.to_ascii_lowercase(), value(found))).collect()
}

/// Reads a body: JSON, JSON as text, JSON inside layers of Python's quotes; nothing when it is empty or was not recorded.
fn body(content: &Json) -> Option<Json> {
    let text = match content {
        Json::Null => return None,
        Json::Text(text) => text.trim(),
        other => return Json::read(&placed(&serde_json::to_string(other).unwrap())),
    };
    let text = placed(text);
    if text.starts_with("b'") {
        let (from, to) = (text.find('{')?, text.rfind('}')?);
        return Json::read(&text[from..=to]);
    }
    if text.starts_with("(identical ") { Some(Json::Text(text)) } else { Json::read(&text) }
}
