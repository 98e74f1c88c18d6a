// The simulated world of a document: writers with copies of any age, readers of what is published,
// and its object, which dies between any two steps while KV, R2 and D1 fail, or do what they are
// asked and lose the answer.
//
// Every write is compared with a model at once; at rest, so is everything that was made of them:
// what is published, the journal, the activity, and the moments that a restore brings back.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/simulator/document_model.h"
#include "tests/support/document_harness.h"

namespace tidemark::testing {

class DocumentsWorld {
 public:
  DocumentsWorld(uint64_t seed, bool trace);

  // Empty, or what does not hold.
  std::string Run();
  int64_t actions() const { return actions_; }

 private:
  using Tree = DocumentModel::Tree;

  // Somebody with a copy: the version of the owner's document that it is of, and what it was last
  // given as published.
  struct Client {
    int64_t copy = 0;
    int64_t published = 0;
  };
  // A write, and what the document is after it.
  struct Attempt {
    std::string operation;
    std::string type;
    std::string body;
    Params params;
    Tree next;
    std::string code;     // it has to be refused by it; empty: it has to pass
    bool either = false;  // 412 will do too
    bool rewrites = true;
  };

  void Act();
  void WriteRecords(Client* client);
  void WriteTree(Client* client);
  void Put(Client* client);
  void Write(Client* client, Attempt attempt);
  void Settle(Client* client, const Attempt& attempt, const native::Answer& answer);
  void ReadOwner(Client* client);
  void ReadPublished(Client* client);
  void BeginSpanning();
  void StepSpanning();
  void EndSpanning();
  void NoteFold(int64_t copied);
  void FinishRestore();
  void Crash();
  void ToggleFaults();
  void PassTime();

  DocumentModel::Operation SomeOperation(const Client& client);
  Tree SomeRecord(const std::string& id);
  Tree CopyOf(const Client& client) const;
  void Mutate(Tree* tree);
  Tree PatchOf(Tree* tree, bool* fails);
  std::optional<Failure> Fault();
  std::optional<native::Answer> RunLocal(const std::string& operation, Params params,
                                         const std::string& body);
  void Fail(std::string problem);
  void Trace(const std::string& line) const;

  std::string Heal();
  std::string CheckJournal();
  std::string CheckActivity();
  std::string CheckMoments();
  // Restores what was, with no fault in between. Empty, or the problem.
  std::string Restore(int64_t at, const std::string& text);

  bool trace_;
  Random random_;
  DocumentHarness documents_;
  DocumentModel model_;
  std::vector<Client> clients_;
  std::vector<std::string> activity_;  // of writes that were answered: "method|status"
  std::unique_ptr<native::Running> running_;
  std::string spanning_;      // its name
  Params spanning_params_;    // of it
  int64_t restores_ = 0;      // the version that it restores
  int64_t kept_since_ = 0;    // moments from this version on must come back
  int64_t journal_days_ = 0;  // JOURNAL_DAYS of this world
  bool stale_ = false;        // KV answers with older values
  bool troubled_ = false;     // some store failed since the spanning operation began
  uint64_t faults_ = 0;       // one in so many uses of a store fails; 0: none
  bool quiet_ = false;
  std::string problem_;
  int64_t actions_ = 0;
  int64_t edits_ = 0;
};

}  // namespace tidemark::testing
