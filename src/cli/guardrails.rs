//! Guardrails on the command line: where their folders are, what they are told, and what becomes of their complaints.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::listing;
use crate::cli::output;
use crate::core::address::Labels;
use crate::core::declared::Declared;
use crate::core::diagnostic::{self, Diagnostic};
use crate::core::observed::Observed;
use crate::core::plan::Plan;
use crate::core::project::project;
use crate::core::state::Desired;
use crate::guardrail::facts::Facts;
use crate::guardrail::{Bundle, IS_AVAILABLE, folder, judge};
use crate::manifest::Manifests;
use crate::manifest::document::Document;

/// The largest file of data for guardrails.
const DATA_LIMIT: u64 = 1 << 20;

/// Flags of the verbs that judge.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct GuardrailArgs {
    /// A folder of guardrails besides those that the Tenant document names; may be given several times. Name the target branch's
    /// here when a pull request is planned: its own may have been changed with it.
    #[arg(long = "guardrails", value_name = "DIR", env = "ROLEWRIGHT_GUARDRAILS")]
    folders: Vec<PathBuf>,
    /// A JSON object that guardrails see as `input.context`, e.g. the author and the approvers of a pull request.
    #[arg(long = "guardrail-data", value_name = "FILE", env = "ROLEWRIGHT_GUARDRAIL_DATA")]
    data: Option<PathBuf>,
    /// Also write what guardrails are told, their `input`, as JSON to this file: to write and test them by.
    #[arg(long = "guardrail-input", value_name = "FILE", env = "ROLEWRIGHT_GUARDRAIL_INPUT")]
    input: Option<PathBuf>,
}

/// The guardrails of a run.
#[derive(Debug)]
pub(crate) struct Guardrails {
    bundles: Vec<Bundle>,
    context: Value,
    input: Option<PathBuf>,
    program: Option<PathBuf>,
}

impl Guardrails {
    /// Reads all folders and checks them before anything is asked of the tenant; shows what is wrong and stops.
    pub(crate) fn read(
        context: &Context,
        path: &Path,
        manifests: &Manifests,
        args: &GuardrailArgs,
    ) -> Result<Self, Fault> {
        let (mut bundles, mut mistakes) = check(context, path, manifests);
        for given in &args.folders {
            // whoever runs the program answers for the way there
            let (root, last) = match (given.parent(), given.file_name()) {
                (Some(parent), Some(last)) => (parent, Path::new(last)),
                _ => (given.as_path(), Path::new("")),
            };
            add(context, root, last, &given.to_string_lossy(), None, &mut bundles, &mut mistakes);
        }
        if !IS_AVAILABLE {
            mistakes.extend(unavailable(manifests, args));
        }
        if !mistakes.is_empty() {
            diagnostic::sort(&mut mistakes);
            listing::show_with(context, &|name| source(manifests, &bundles, name), &mistakes);
            return Err(Fault::silent(Exit::Error));
        }
        let data = args.data.as_deref().map(data).transpose()?;
        let told = data.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        Ok(Self { bundles, context: told, input: args.input.clone(), program: context.program.clone() })
    }

    /// Judges a plan; none where a policy is wrong, which is added to `said`. `observed` is the state that the plan was made for.
    pub(crate) fn judge(
        &self,
        manifests: &Manifests,
        desired: &Desired,
        observed: &Observed,
        plan: Plan,
        said: &mut Vec<Diagnostic>,
    ) -> Result<Option<Plan>, Fault> {
        if self.bundles.is_empty() && self.input.is_none() {
            return Ok(Some(plan));
        }
        let planned = desired.roles.iter().map(|(key, role)| (key, role.value.display_name.as_str()));
        let labels = Labels::new(observed, planned);
        let after = project(observed, &plan.changes);
        let written: Vec<Value> = manifests.documents.iter().map(Document::written).collect();
        let facts = Facts { plan: &plan, after: &after, labels: &labels, manifests: &written, context: &self.context };
        let input = facts.input();
        if let Some(path) = &self.input {
            // characters that a terminal would interpret are of no matter here: programs read it
            output::write_file(path, &format!("{input:#}\n"))
                .map_err(|error| Fault::error(format!("cannot write {}: {error}", path.display())))?;
        }
        let lines = |name: &str| {
            let text = manifests.sources.text(name)?;
            Some(u32::try_from(text.lines().count()).unwrap_or(u32::MAX))
        };
        match judge::judge(self.program.as_deref(), &self.bundles, &facts, &input, &lines) {
            Ok(judgement) => Ok(Some(plan.judged(judgement))),
            Err(mistakes) => {
                said.extend(mistakes);
                Ok(None)
            }
        }
    }

    /// Returns the folders, for snippets.
    pub(crate) fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }
}

/// Reads and checks the folders that the Tenant document names; returns those that could be read and what is wrong. A build that
/// cannot evaluate them has nothing to say.
pub(crate) fn check(context: &Context, path: &Path, manifests: &Manifests) -> (Vec<Bundle>, Vec<Diagnostic>) {
    let (mut bundles, mut mistakes) = (Vec::new(), Vec::new());
    if !IS_AVAILABLE {
        return (bundles, mistakes);
    }
    let root = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    for named in manifests.guardrails() {
        let written = named.value.as_str();
        if written.trim().is_empty() || Path::new(written).is_absolute() || written.starts_with(['/', '\\']) {
            let message = "a folder of guardrails is named relative to the manifest that names it";
            mistakes.push(Diagnostic::error(folder::FOLDER, Some(named.at), message));
            continue;
        }
        let beside = Path::new(&*named.at.file).parent().unwrap_or(Path::new(""));
        if inside(&beside.join(written)).is_none() {
            let message = "this folder of guardrails lies outside of the manifests' own folder";
            let help = "name a folder at or below PATH here, and others with --guardrails";
            mistakes.push(Diagnostic::error(folder::FOLDER, Some(named.at), message).help(help));
            continue;
        }
        let shown = beside.join(written).to_string_lossy().replace('\\', "/");
        add(context, root, &beside.join(written), &shown, Some(&named.at), &mut bundles, &mut mistakes);
    }
    (bundles, mistakes)
}

/// Returns a path relative to the manifests' root without `.` and `..`; none where it leaves the root, if only on its way.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut at = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => at.push(name),
            Component::CurDir => {}
            Component::ParentDir => at.pop().then_some(())?,
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(at)
}

/// Returns the folders that the Tenant document names, relative to the manifests' root where they lie in it.
pub(crate) fn named(manifests: &Manifests) -> Vec<Declared<String>> {
    let resolve = |named: Declared<String>| {
        let beside = Path::new(&*named.at.file).parent().unwrap_or(Path::new(""));
        let path = inside(&beside.join(&named.value)).map(|path| path.to_string_lossy().replace('\\', "/"));
        Declared { value: path.unwrap_or(named.value), at: named.at }
    };
    manifests.guardrails().into_iter().map(resolve).collect()
}

fn add(
    context: &Context,
    root: &Path,
    path: &Path,
    shown: &str,
    at: Option<&crate::core::origin::Origin>,
    bundles: &mut Vec<Bundle>,
    mistakes: &mut Vec<Diagnostic>,
) {
    match folder::read(root, path, shown, at) {
        Ok(bundle) => {
            mistakes.extend(judge::check(context.program.as_deref(), &bundle));
            bundles.push(bundle);
        }
        Err(found) => mistakes.extend(found),
    }
}

/// Refuses what this build cannot evaluate: nothing declared is ever silently skipped.
fn unavailable(manifests: &Manifests, args: &GuardrailArgs) -> Vec<Diagnostic> {
    let named = manifests.guardrails().into_iter().map(|named| (named.value, Some(named.at)));
    let given = args.folders.iter().map(|folder| (folder.to_string_lossy().into_owned(), None));
    let refuse = |(folder, at): (String, _)| {
        let message = format!("the guardrails in `{folder}` cannot be evaluated by this build");
        Diagnostic::error("not-plannable", at, message)
            .help("a plan that skips them would not be the plan you asked for; use a build with the feature `rego`")
    };
    named.chain(given).map(refuse).collect()
}

/// Returns the text of a manifest or of a policy, for snippets.
pub(crate) fn source<'a>(manifests: &'a Manifests, bundles: &'a [Bundle], name: &str) -> Option<&'a str> {
    let policy = || bundles.iter().flat_map(|bundle| &bundle.files).find(|file| file.name == name);
    manifests.sources.text(name).or_else(|| policy().map(|file| file.text.as_str()))
}

/// Reads the file of `--guardrail-data`.
fn data(path: &Path) -> Result<Value, Fault> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| Fault::error(format!("cannot read {shown}: {error}"));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > DATA_LIMIT {
        return Err(Fault::error(format!("{shown} has {size} bytes, more than {DATA_LIMIT}")));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    match serde_json::from_str(&text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Fault::error(format!("{shown} holds no JSON object"))
            .help("guardrails see its members as `input.context.<name>`")),
        Err(error) => Err(Fault::error(format!("{shown} holds no JSON: {error}"))),
    }
}
