// card: list, add, rm, review.

#include "base/json_tree.h"
#include "base/limits.h"
#include "commands/commands.h"
#include "commands/lookup.h"
#include "days.h"
#include "errors.h"
#include "sm2.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

constexpr int64_t kAllRows = int64_t{1} << 40;

// A card by its id among those that are seen, with its owner. Error: no_such_card.
Result<json> FindCard(Store* store, const std::string& id) {
  const Result<json> cards = store->Select(sql::kListCards, {"", int64_t{0}, kAllRows});
  if (!cards.ok()) return cards.status();
  for (const json& card : *cards) {
    if (TextOf(card, "id") == id) return card;
  }
  return Problem("no_such_card", "There is no card " + Printable(id) + ": samedi card lists them");
}

// Grades a card: its next review, in the columns that every client reads.
Result<json> Grade(App* app, Store* store, const json& card, int grade) {
  const std::string id = TextOf(card, "id");
  const std::string owner = TextOf(card, "owner");
  if (!owner.empty() && TextOf(card, "permission") != "edit") {
    return Problem("forbidden", "This card is shared with you to read only");
  }
  const RecordKey key{"cards", id, owner};
  Transaction transaction(&store->database());
  Result<json> data = store->Find(key);
  if (!data.ok()) return data.status();
  if (data->is_null()) return Problem("no_such_card", "The card was deleted meanwhile");
  Schedule schedule;
  schedule.ease_factor = NumberField(*data, "ease_factor").value_or(schedule.ease_factor);
  schedule.interval_days = IntegerOf(*data, "interval_days");
  schedule.repetitions = IntegerOf(*data, "repetitions");
  schedule = Review(schedule, grade);
  const int64_t now_ms = app->now_ms();
  (*data)["ease_factor"] = schedule.ease_factor;
  (*data)["interval_days"] = schedule.interval_days;
  (*data)["repetitions"] = schedule.repetitions;
  (*data)["next_review"] = now_ms + schedule.interval_days * limits::kDayMs;
  (*data)["last_review"] = now_ms;
  if (Status status = PutRecord(app, store, key, *data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  (*data)["id"] = id;
  return data;
}

std::string NextLine(const json& graded) {
  return "next in " + Count(IntegerOf(graded, "interval_days"), "day") + ", on " +
         LocalDate(IntegerOf(graded, "next_review"));
}

// Asks for a grade until there is one; none where the user has had enough.
std::optional<int> AskGrade() {
  while (true) {
    PrintOut("Grade 0 to 5 (3 and more: you knew it), q to stop: ");
    const std::optional<std::string> line = ReadLine();
    if (!line.has_value() || *line == "q" || *line == "Q") return std::nullopt;
    if (line->size() == 1 && line->front() >= '0' && line->front() <= '5') {
      return line->front() - '0';
    }
  }
}

Result<Report> ReviewByHand(App* app, Store* store, const json& due) {
  int64_t reviewed = 0;
  for (const json& card : due) {
    PrintOut("\n" +
             app->Paint(2, std::to_string(reviewed + 1) + " of " + std::to_string(due.size()) +
                               "  " + Printable(TextOf(card, "plan_id"))) +
             "\n" + app->Paint(1, Printable(TextOf(card, "question"))) +
             "\nEnter shows the answer, q stops: ");
    const std::optional<std::string> line = ReadLine();
    if (!line.has_value() || *line == "q" || *line == "Q") break;
    PrintOut(app->Paint(36, Printable(TextOf(card, "answer"))) + "\n");
    const std::optional<int> grade = AskGrade();
    if (!grade.has_value()) break;
    const Result<json> graded = Grade(app, store, card, *grade);
    if (!graded.ok()) return graded.status();
    PrintOut(NextLine(*graded) + "\n");
    ++reviewed;
  }
  return Report{{{"reviewed", reviewed}, {"due", due.size()}},
                "\nReviewed " + Count(reviewed, "card") + ", " +
                    std::to_string(static_cast<int64_t>(due.size()) - reviewed) + " left\n"};
}

}  // namespace

Result<Report> ListCards(App* app) {
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  const Options& options = app->options();
  Result<json> cards = (*store)->Select(
      sql::kListCards, {options.plan, options.due ? app->now_ms() : 0, options.limit});
  if (!cards.ok()) return cards.status();
  std::vector<std::vector<std::string>> rows;
  for (const json& card : *cards) {
    rows.push_back({TextOf(card, "id"), TextOf(card, "plan_id"),
                    LocalDate(IntegerOf(card, "next_review")), TextOf(card, "question")});
  }
  return Report{*cards,
                rows.empty() ? "No cards\n" : Table({"ID", "PLAN", "NEXT", "QUESTION"}, rows)};
}

Result<Report> AddCard(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Options& options = app->options();
  const Result<PlanRef> plan = FindPlanToEdit(store, options.plan);
  if (!plan.ok()) return plan.status();
  const int64_t now_ms = app->now_ms();
  const Schedule fresh;
  json data{{"plan_id", plan->id},
            {"question", options.question},
            {"answer", options.answer},
            {"ease_factor", fresh.ease_factor},
            {"interval_days", fresh.interval_days},
            {"repetitions", fresh.repetitions},
            {"next_review", now_ms},
            {"created_at", now_ms}};
  if (!options.chunk.empty()) data["chunk_id"] = options.chunk;
  if (!options.tags.empty()) data["tags"] = options.tags;
  const std::string id = app->NewId();
  const Status status = PutRecord(app, store, {"cards", id, plan->owner}, data);
  if (!status.ok()) return status;
  Report report{data, "✓ Added a card to " + Printable(plan->id) + "\n"};
  report.value["id"] = id;
  return report;
}

Result<Report> RemoveCard(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  const Result<json> card = FindCard(*opened, app->options().id);
  if (!card.ok()) return card.status();
  const std::string owner = TextOf(*card, "owner");
  if (!owner.empty() && TextOf(*card, "permission") != "edit") {
    return Problem("forbidden", "This card is shared with you to read only");
  }
  const RecordKey key{"cards", app->options().id, owner};
  const Status removed = (*opened)->replica().Remove(key, app->now_ms());
  if (!removed.ok()) return (*opened)->Explain(removed);
  return Report{{{"id", app->options().id}, {"deleted", true}}, "✓ Deleted the card\n"};
}

Result<Report> ReviewCards(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  Store* const store = *opened;
  const Options& options = app->options();
  if (options.grade.has_value() != !options.id.empty()) {
    return Problem("usage", "--grade and --id go together");
  }
  if (options.grade.has_value()) {
    const Result<json> card = FindCard(store, options.id);
    if (!card.ok()) return card.status();
    Result<json> graded = Grade(app, store, *card, *options.grade);
    if (!graded.ok()) return graded.status();
    return Report{*graded,
                  "✓ Graded " + std::to_string(*options.grade) + ": " + NextLine(*graded) + "\n"};
  }
  if (options.json) return Problem("usage", "With --json a review needs --grade and --id");
  const Result<json> due = store->Select(sql::kListCards, {options.plan, app->now_ms(), kAllRows});
  if (!due.ok()) return due.status();
  if (due->empty()) return Report{json(), "No cards are due\n"};
  return ReviewByHand(app, store, *due);
}

}  // namespace tidemark::samedi
